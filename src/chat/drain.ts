import { setTimeout as delay } from 'node:timers/promises'
import type { LiveAnswers } from './live.ts'
import type { Log } from './log.ts'
import type { Queue } from './queue.ts'
import type { Replica } from './replica.ts'

export interface DrainOptions {
  queue: Queue
  lives: LiveAnswers
  replica: Replica
  log: Log
  /** What works beside the answers, in the order in which it stops. */
  workers: readonly { stop(): void | Promise<void> }[]
}

/** For storing what the deadline ended. */
const endingMs = 3_000

export function createDrain({
  queue,
  lives,
  replica,
  log,
  workers,
}: DrainOptions): (deadlineMs: number) => Promise<void> {
  return async (deadlineMs) => {
    const timer = setTimeout(() => {
      for (const live of lives.running()) lives.stop(live.answer.id, 'SERVER_DRAINED')
    }, deadlineMs)
    // Where the database is away, endings cannot be stored: the next server gives them one.
    const patience = delay(deadlineMs + endingMs, undefined, { ref: false })
    await Promise.race([queue.handOver().then(() => lives.settled()), patience])
    clearTimeout(timer)
    for (const worker of workers) await worker.stop()
    await replica.leave().catch((error: unknown) => log.warn({ err: error }, 'the lease could not be given back'))
  }
}

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

/** For storing what the deadline ended, and again for leaving; more only where the database is away. */
const endingMs = 3_000

export function createDrain({
  queue,
  lives,
  replica,
  log,
  workers,
}: DrainOptions): (deadlineMs: number) => Promise<void> {
  async function leave() {
    for (const worker of workers) await worker.stop()
    await replica.leave().catch((error: unknown) => log.warn({ err: error }, 'the lease could not be given back'))
  }

  return async (deadlineMs) => {
    const timer = setTimeout(() => {
      for (const live of lives.running()) lives.stop(live.answer.id, 'SERVER_DRAINED')
    }, deadlineMs)
    // Where the database is away, endings cannot be stored: the next server gives them one.
    await Promise.race([queue.handOver().then(() => lives.settled()), patience(deadlineMs + endingMs)])
    clearTimeout(timer)
    await Promise.race([leave(), patience(endingMs)])
  }
}

function patience(ms: number): Promise<void> {
  return delay(ms, undefined, { ref: false })
}

import { setTimeout as delay } from 'node:timers/promises'
import type { ActiveCompletions } from '../answer/active-completion.ts'
import type { TurnQueue } from './turn-queue.ts'

/** For storing the endings after the deadline; longer only where the database is away. */
const endingMs = 3_000

/** Leaves the waiting questions to other servers, and resolves when nothing is active here, soon after the deadline. */
export function createDrain(
  turnQueue: TurnQueue,
  activeCompletions: ActiveCompletions,
): (deadlineMs: number) => Promise<void> {
  return async (deadlineMs) => {
    const timer = setTimeout(() => {
      for (const { answer } of activeCompletions.running()) activeCompletions.stop(answer.id, 'SERVER_DRAINED')
    }, deadlineMs)
    // Where the database is away, endings cannot be stored: the next server gives them one.
    await Promise.race([
      turnQueue.handOver().then(() => activeCompletions.settled()),
      delay(deadlineMs + endingMs, undefined, { ref: false }),
    ])
    clearTimeout(timer)
  }
}

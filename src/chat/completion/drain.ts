import { setTimeout as delay } from 'node:timers/promises'
import type { ActiveCompletions } from '../answer/active-completion.ts'
import type { TurnQueue } from './turn-queue.ts'

/** The time to store the endings after the deadline. It is too short only if the database is away. */
const endingMs = 3_000

/** Releases the waiting questions to other replicas. Resolves when no completion is active here, or soon after the deadline. */
export function createDrain(
  turnQueue: TurnQueue,
  activeCompletions: ActiveCompletions,
): (deadlineMs: number) => Promise<void> {
  return async (deadlineMs) => {
    const timer = setTimeout(() => {
      for (const { answer } of activeCompletions.running()) activeCompletions.stop(answer.id, 'SERVER_DRAINED')
    }, deadlineMs)
    // While the database is away endings cannot be stored: another replica, or the next start, then ends the answers.
    await Promise.race([
      turnQueue.handOver().then(() => activeCompletions.settled()),
      delay(deadlineMs + endingMs, undefined, { ref: false }),
    ])
    clearTimeout(timer)
  }
}

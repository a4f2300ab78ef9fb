import { setTimeout as delay } from 'node:timers/promises'
import type { ActiveCompletions } from '../answer/active-completion.ts'
import type { TokenCounter } from '../prompt/token-counter.ts'
import type { TurnQueue } from './turn-queue.ts'

/** The time to store the endings after the deadline. It is too short only if the database is away. */
const endingMs = 3_000
/** The part of that time in which tokens are counted. The first count loads an encoding, which takes a busy machine seconds. */
const countingMs = 1_000

/** Releases the waiting questions to other replicas. Resolves when no completion is active here, or soon after the deadline. */
export function createDrain(
  turnQueue: TurnQueue,
  activeCompletions: ActiveCompletions,
  tokens: TokenCounter,
): (deadlineMs: number) => Promise<void> {
  return async (deadlineMs) => {
    const stopTimer = setTimeout(() => {
      for (const { answer } of activeCompletions.running()) activeCompletions.stop(answer.id, 'SERVER_DRAINED')
    }, deadlineMs)
    const countTimer = setTimeout(() => void tokens.stop(), deadlineMs + countingMs)
    // While the database is away endings cannot be stored: another replica, or the next start, then ends the answers.
    await Promise.race([
      turnQueue.handOver().then(() => activeCompletions.settled()),
      delay(deadlineMs + endingMs, undefined, { ref: false }),
    ])
    clearTimeout(stopTimer)
    clearTimeout(countTimer)
  }
}

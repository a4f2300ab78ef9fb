import type { Completion } from '../../store/completion.ts'
import type { Store } from '../../store/store.ts'
import type { Answer } from '../../stream/answer.ts'
import { isWithin, type Position } from '../../stream/position.ts'
import type { ActiveCompletions } from './active-completion.ts'
import type { RemoteAnswers } from './remote-answer.ts'
import { endedAnswer } from './stored-answer.ts'

/** An answer to follow, wherever it is: streamed here, by another replica, or in the store. */
export interface AnswerLookup {
  open(completion: Completion): Promise<Answer<Completion>>
  /**
   * Resolves with the completion when it has ended, or rejects with the signal's reason. Whoever waits counts as a
   * viewer.
   */
  ended(answer: Answer<Completion>, signal?: AbortSignal): Promise<Completion>
  /** Of the messages that its choices become. */
  messageIds(completion: Completion): Promise<readonly string[]>
  /** Whether it has come so far, which for an answer of another replica is waited for a little. */
  reaches(answer: Answer<Completion>, position: Position): Promise<boolean>
}

// A replica shows what it has sent to the database; others can read it when that is committed.
const commitMs = 2_000

export function createAnswerLookup(
  { messages }: Store,
  activeCompletions: ActiveCompletions,
  remoteAnswers: RemoteAnswers,
): AnswerLookup {
  return {
    async open(completion) {
      const active = activeCompletions.get(completion.id)
      if (active !== null) return active.answer
      if (completion.status === 'IN_PROGRESS') return remoteAnswers.open(completion.id)
      return endedAnswer(completion, await messages.ofCompletions([completion.id]))
    },
    messageIds: async ({ id }) => activeCompletions.get(id)?.messageIds ?? messages.idsOfCompletion(id),
    ended(answer, signal) {
      return new Promise((resolve, reject) => {
        const check = () => {
          const outcome = answer.outcome()
          if (outcome === null && !signal?.aborted) return
          stopListening()
          signal?.removeEventListener('abort', check)
          if (outcome === null) reject(signal?.reason)
          else resolve(outcome)
        }
        const stopListening = answer.onMove(check)
        signal?.addEventListener('abort', check)
        check()
      })
    },
    reaches(answer, position) {
      const isThere = () => isWithin(position, answer.position())
      if (isThere() || answer.outcome() !== null || activeCompletions.get(answer.id) !== null)
        return Promise.resolve(isThere())
      return new Promise((resolve) => {
        const settle = () => {
          stopListening()
          clearTimeout(timer)
          resolve(isThere())
        }
        const stopListening = answer.onMove(() => (isThere() || answer.outcome() !== null) && settle())
        const timer = setTimeout(settle, commitMs)
      })
    },
  }
}

import type { Completion } from '../../store/completion.ts'
import type { Store } from '../../store/store.ts'
import type { Answer } from '../../stream/answer.ts'
import { isWithin, type Position } from '../../stream/position.ts'
import type { ActiveCompletions } from './active-completion.ts'
import type { RemoteAnswers } from './remote-answer.ts'
import { endedAnswer } from './stored-answer.ts'

/** Finds an answer to follow, whether it is streamed by this replica, by another one, or already stored. */
export interface AnswerLookup {
  open(completion: Completion): Promise<Answer<Completion>>
  /**
   * Resolves with the completion when it has ended, or rejects with the signal's reason. A caller that waits counts as a
   * viewer of the answer.
   */
  ended(answer: Answer<Completion>, signal?: AbortSignal): Promise<Completion>
  /** The ids of the messages that the choices become. */
  messageIds(completion: Completion): Promise<readonly string[]>
  /** Whether the answer has reached the position. For a remote answer, waits up to two seconds until it does. */
  reaches(answer: Answer<Completion>, position: Position): Promise<boolean>
}

// A replica reveals text when it has sent it to the database. Other replicas can read it only when it is committed.
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
      const isReached = () => isWithin(position, answer.position())
      if (isReached() || answer.outcome() !== null || activeCompletions.get(answer.id) !== null)
        return Promise.resolve(isReached())
      return new Promise((resolve) => {
        const settle = () => {
          stopListening()
          clearTimeout(timer)
          resolve(isReached())
        }
        const stopListening = answer.onMove(() => (isReached() || answer.outcome() !== null) && settle())
        const timer = setTimeout(settle, commitMs)
      })
    },
  }
}

import type { Completion } from '../store/completion.ts'
import type { Store } from '../store/store.ts'
import type { Answer } from '../stream/answer.ts'
import type { LiveAnswers } from './live.ts'
import type { Mirrors } from './mirror.ts'
import { endedAnswer } from './stored-answer.ts'

/** An answer to follow, wherever it is: streamed here, by another replica, or in the store. */
export interface Answers {
  open(completion: Completion): Promise<Answer<Completion>>
  /**
   * Resolves with the completion when it has ended, or rejects with the signal's reason. Whoever waits counts as a
   * viewer.
   */
  ended(answer: Answer<Completion>, signal?: AbortSignal): Promise<Completion>
}

export function createAnswers({ messages }: Store, lives: LiveAnswers, mirrors: Mirrors): Answers {
  return {
    async open(completion) {
      const live = lives.get(completion.id)
      if (live !== null) return live.answer
      if (completion.status === 'IN_PROGRESS') return mirrors.open(completion.id)
      return endedAnswer(completion, await messages.ofCompletions([completion.id]))
    },
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
  }
}

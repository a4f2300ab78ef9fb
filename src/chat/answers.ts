import type { Completion } from '../store/completion.ts'
import type { Store } from '../store/store.ts'
import type { Answer } from '../stream/answer.ts'
import type { LiveAnswers } from './live.ts'
import type { Mirrors } from './mirror.ts'
import { endedAnswer } from './stored-answer.ts'

/** An answer to follow, wherever it is: streamed here, by another replica, or in the store. */
export interface Answers {
  open(completion: Completion): Promise<Answer<Completion>>
  /** Resolves with the completion when it has ended. Whoever waits counts as a viewer. */
  ended(answer: Answer<Completion>): Promise<Completion>
}

export function createAnswers({ messages }: Store, lives: LiveAnswers, mirrors: Mirrors): Answers {
  return {
    async open(completion) {
      const live = lives.get(completion.id)
      if (live !== null) return live.answer
      if (completion.status === 'IN_PROGRESS') return mirrors.open(completion.id)
      return endedAnswer(completion, await messages.ofCompletions([completion.id]))
    },
    ended(answer) {
      return new Promise((resolve) => {
        const check = () => {
          const outcome = answer.outcome()
          if (outcome === null) return
          leave()
          resolve(outcome)
        }
        const leave = answer.onMove(check)
        check()
      })
    },
  }
}

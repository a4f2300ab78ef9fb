import type { Completion } from '../../store/completion.ts'
import type { Answer } from '../../stream/answer.ts'

/** Reveals the text of answers that are not logged. All text that one read of a socket brought is revealed together. */
export interface UnloggedAnswers {
  touch(answer: Answer<Completion>): void
}

export function createUnloggedAnswers(): UnloggedAnswers {
  const touched = new Set<Answer<Completion>>()

  function reveal() {
    const answers = [...touched]
    touched.clear()
    for (const answer of answers) answer.reveal(answer.position())
  }

  return {
    touch(answer) {
      if (touched.size === 0) process.nextTick(reveal)
      touched.add(answer)
    },
  }
}

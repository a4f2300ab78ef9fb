import type { Completion } from '../../store/completion.ts'
import type { Answer } from '../../stream/answer.ts'

/** Reveals what was appended, once for all that the same read of a socket brought. */
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

import type { Completion } from '../../store/completion.ts'
import type { Answer } from '../../stream/answer.ts'
import type { AnswerLog } from './answer-log.ts'
import { createUnloggedAnswers } from './unlogged-answer.ts'

/** Takes the text of an answer and reveals it to the viewers. */
export interface AnswerSink {
  /** Says that text was appended to the answer. */
  touch(answer: Answer<Completion>): void
}

/** Returns where the text of a completion goes: into the log or, when it must not be stored, directly to its viewers. */
export type AnswerSinkOf = (completion: Completion) => AnswerSink

export function createAnswerSinkOf(answerLog: AnswerLog): AnswerSinkOf {
  const unloggedAnswers = createUnloggedAnswers()
  return ({ stored }) => (stored ? answerLog : unloggedAnswers)
}

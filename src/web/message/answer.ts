import type {
  ChoiceFieldsFragment,
  CompletionFieldsFragment,
  CompletionStreamSubscription,
} from '../generated/graphql.ts'

type CompletionEvent = CompletionStreamSubscription['completionStream']

export interface AnswerText {
  content: string
  refusal: string
  reasoning: string
}

/** An answer as far as it has come to this page. */
export interface Answer {
  /** null until the first event */
  completion: CompletionFieldsFragment | null
  /** by choice index */
  choices: Readonly<Record<number, AnswerText>>
  /** why nothing more will come, where the completion itself does not tell */
  problem: string | null
  ended: boolean
}

export const noText: AnswerText = { content: '', refusal: '', reasoning: '' }
export const noAnswer: Answer = { completion: null, choices: {}, problem: null, ended: false }

/** A snapshot stands for all that came before it, and a delta says where it begins, so a reconnect neither doubles nor loses text. */
export function fold(answer: Answer, event: CompletionEvent): Answer {
  switch (event.__typename) {
    case 'CompletionSnapshot':
      return { ...noAnswer, completion: event.completion, choices: grow({}, event.choices) }
    case 'CompletionDelta':
      return { ...answer, choices: grow(answer.choices, event.choices) }
    case 'CompletionEnded':
      return { ...answer, completion: event.completion, ended: true }
    case 'CompletionRejected':
      return { ...answer, problem: event.error.message, ended: true }
  }
}

function grow(choices: Answer['choices'], deltas: ChoiceFieldsFragment[]): Answer['choices'] {
  const grown = { ...choices }
  for (const delta of deltas) {
    const text = grown[delta.index] ?? noText
    grown[delta.index] = {
      content: text.content.slice(0, delta.contentOffset) + delta.content,
      refusal: text.refusal.slice(0, delta.refusalOffset) + delta.refusal,
      reasoning: text.reasoning.slice(0, delta.reasoningOffset) + delta.reasoning,
    }
  }
  return grown
}

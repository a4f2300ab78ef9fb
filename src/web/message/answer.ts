import type {
  ChoiceFieldsFragment,
  CompletionFieldsFragment,
  CompletionStreamSubscription,
} from '../generated/graphql.ts'

type CompletionEvent = CompletionStreamSubscription['completionStream']
export type Rejection = Extract<CompletionEvent, { __typename: 'CompletionRejected' }>['error']

export interface ToolCall {
  callId: string
  name: string
  arguments: string
}

export interface AnswerText {
  content: string
  refusal: string
  reasoning: string
  toolCalls: readonly ToolCall[]
  /** when its reasoning was first seen here, by `performance.now()` */
  thinkingSince: number | null
  /** how long it reasoned before its first word; null where that was not seen */
  thoughtMs: number | null
}

/** An answer as far as it has come to this page. */
export interface Answer {
  /** null until the first event */
  completion: CompletionFieldsFragment | null
  /** by choice index */
  choices: Readonly<Record<number, AnswerText>>
  /** why nothing more will come, where the completion itself does not tell */
  problem: string | null
  /** what the server refused the question for */
  rejection: Rejection | null
  ended: boolean
}

export const noText: AnswerText = {
  content: '',
  refusal: '',
  reasoning: '',
  toolCalls: [],
  thinkingSince: null,
  thoughtMs: null,
}
export const noAnswer: Answer = { completion: null, choices: {}, problem: null, rejection: null, ended: false }

/** A snapshot stands for all that came before it, and a delta says where it begins, so a reconnect neither doubles nor loses text. */
export function fold(answer: Answer, event: CompletionEvent, nowMs: number): Answer {
  switch (event.__typename) {
    case 'CompletionSnapshot':
      return { ...noAnswer, completion: event.completion, choices: grow(answer.choices, event.choices, nowMs) }
    case 'CompletionDelta':
      return { ...answer, choices: grow(answer.choices, event.choices, nowMs) }
    case 'CompletionEnded':
      return { ...answer, completion: event.completion, ended: true }
    case 'CompletionRejected':
      return { ...answer, problem: event.error.message, rejection: event.error, ended: true }
  }
}

function grow(choices: Answer['choices'], deltas: ChoiceFieldsFragment[], nowMs: number): Answer['choices'] {
  const grown = { ...choices }
  for (const delta of deltas) grown[delta.index] = growText(grown[delta.index] ?? noText, delta, nowMs)
  return grown
}

function growText(text: AnswerText, delta: ChoiceFieldsFragment, nowMs: number): AnswerText {
  const content = text.content.slice(0, delta.contentOffset) + delta.content
  const reasoning = text.reasoning.slice(0, delta.reasoningOffset) + delta.reasoning
  const isThinking = reasoning !== '' && content === ''
  const thinkingSince = text.thinkingSince ?? (isThinking ? nowMs : null)
  const hasThought = thinkingSince !== null && content !== ''
  return {
    content,
    reasoning,
    refusal: text.refusal.slice(0, delta.refusalOffset) + delta.refusal,
    toolCalls: growCalls(text.toolCalls, delta.toolCalls),
    thinkingSince,
    thoughtMs: text.thoughtMs ?? (hasThought ? nowMs - thinkingSince : null),
  }
}

function growCalls(calls: readonly ToolCall[], deltas: ChoiceFieldsFragment['toolCalls']): readonly ToolCall[] {
  const grown = [...calls]
  for (const { index, callId, name, arguments: piece, argumentsOffset } of deltas) {
    const call = grown[index] ?? { callId: '', name: '', arguments: '' }
    grown[index] = {
      callId: callId ?? call.callId,
      name: name ?? call.name,
      arguments: call.arguments.slice(0, argumentsOffset) + piece,
    }
  }
  return grown
}

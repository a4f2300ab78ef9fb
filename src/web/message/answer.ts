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
  /** When the first reasoning was received here, on the clock of `performance.now()`. */
  thinkingSince: number | null
  /** How long the model reasoned before its first word; null if this was not observed here. */
  thoughtMs: number | null
}

/** The part of an answer that this page has received. */
export interface Answer {
  /** null until the first event */
  completion: CompletionFieldsFragment | null
  /** by choice index */
  choices: Readonly<Record<number, AnswerText>>
  /** The reason why nothing more will come, if the completion itself does not tell it. */
  problem: string | null
  /** The reason why the server refused the question. */
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

/**
 * A snapshot replaces everything before it, and a delta says where it begins. So a reconnect neither repeats nor loses text.
 */
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

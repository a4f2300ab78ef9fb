import { inCompletions, inFailures } from './fragments.ts'
import type { Message } from './message-documents.ts'

// The operations on completions that the tests send, and the types of their results.

export const createCompletion = `mutation ($input: CreateCompletionInput!) {
  createCompletion(input: $input) {
    ...F
    ... on CreateCompletionPayload { replayed conversation { id } completion { ...C } }
  }
} ${inFailures}`

export const contextPreview = `query ($input: CreateCompletionInput!) {
  contextPreview(input: $input) {
    ...F
    ... on ContextPreviewPayload {
      report { strategy promptTokens limit messagesCount omittedCount tooLong messages { id content } }
    }
  }
} ${inFailures}`

export const cancelCompletion = `mutation ($id: ID!) {
  cancelCompletion(id: $id) { ...F ... on CancelCompletionPayload { completion { ...C } } }
} ${inFailures}`

export const completionStream = `subscription ($input: CompletionStreamInput!) {
  completionStream(input: $input) {
    __typename completionId cursor
    ... on CompletionSnapshot { completion { ...C } choices { ...D } }
    ... on CompletionDelta { choices { ...D } }
    ... on CompletionEnded { completion { ...C } }
    ... on CompletionRejected { error { ...F } }
  }
}
fragment D on ChoiceDelta {
  index messageId content contentOffset refusal refusalOffset reasoning reasoningOffset logprobs logprobsOffset finishReason
  toolCalls { index callId name arguments argumentsOffset }
} ${inFailures}`

export const completionNode = `query ($id: ID!) { node(id: $id) { ...C } } ${inCompletions}`

export interface ContextReport {
  strategy: string
  promptTokens: number
  limit: number | null
  messagesCount: number
  omittedCount: number
  tooLong: boolean
  messages: { id: string; content: string | null }[]
}

export interface Completion {
  id: string
  upstreamId: string | null
  requestId: string | null
  created: number | null
  model: string
  modelUsed: string | null
  status: 'IN_PROGRESS' | 'COMPLETED' | 'CANCELLED' | 'FAILED' | 'INTERRUPTED'
  systemFingerprint: string | null
  serviceTier: string | null
  parameters: Record<string, unknown>
  choices: { index: number; finishReason: string | null; logprobs: unknown; message: Message }[]
  usage: Record<string, unknown> | null
  error: Record<string, unknown> | null
  conversation: { id: string } | null
  requester: { name: string }
  context: ContextReport
  attempts: { upstream: string; model: string; httpStatus: number | null; error: string | null }[]
  metadata: { key: string; value: string }[]
  firstTokenAt: string | null
  finishedAt: string | null
}

/** A member of a result union that is an error. Its fields other than the message depend on its type. */
export interface Failure {
  __typename: string
  message: string
  path?: string
  code?: string
  retryable?: boolean
  requestId?: string | null
  completion?: Completion
  report?: object
}

export interface ToolCallDelta {
  index: number
  callId: string | null
  name: string | null
  arguments: string
  argumentsOffset: number
}

export interface ChoiceDelta {
  index: number
  messageId: string
  content: string
  contentOffset: number
  refusal: string
  refusalOffset: number
  reasoning: string
  reasoningOffset: number
  logprobs: { content: unknown[]; refusal: unknown[] } | null
  logprobsOffset: { content: number; refusal: number } | null
  finishReason: string | null
  toolCalls: ToolCallDelta[]
}

export type CompletionEvent = { completionId: string; cursor: string } & (
  | { __typename: 'CompletionSnapshot'; completion: Completion; choices: ChoiceDelta[] }
  | { __typename: 'CompletionDelta'; choices: ChoiceDelta[] }
  | { __typename: 'CompletionEnded'; completion: Completion }
  | { __typename: 'CompletionRejected'; error: Failure }
)

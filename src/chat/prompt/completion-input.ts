import type { MessageInput } from './message-input.ts'
import type { WireMessage } from './wire-message.ts'

/** A client's input for a completion, with the names of the API. null means the same as an absent field. */
export interface CompletionInput {
  conversationId?: string | null
  parentId?: string | null
  messages: readonly MessageInput[]
  store?: boolean | null
  background?: boolean | null
  idempotencyKey?: string | null
  ifBusy?: BusyPolicy | null
  whenUnwatched?: UnwatchedPolicy | null
  context?: ContextInput | null

  model?: string | null
  temperature?: number | null
  topP?: number | null
  n?: number | null
  stop?: readonly string[] | null
  maxTokens?: number | null
  maxCompletionTokens?: number | null
  presencePenalty?: number | null
  frequencyPenalty?: number | null
  logitBias?: readonly { token: number; bias: number }[] | null
  user?: string | null
  seed?: string | null
  tools?: readonly ToolInput[] | null
  toolChoice?: ToolChoiceInput | null
  parallelToolCalls?: boolean | null
  responseFormat?: ResponseFormatInput | null
  logprobs?: boolean | null
  topLogprobs?: number | null
  reasoningEffort?: ReasoningEffort | null
  verbosity?: Verbosity | null
  serviceTier?: string | null
  metadata?: readonly KeyValue[] | null
  extraBody?: unknown

  // The fields below are for requests in OpenAI's format. The GraphQL schema does not have them.

  /**
   * `messages` are the whole history. Messages that equal the viewer's path are not written again, and the first difference
   * begins a branch.
   */
  isWholeHistory?: boolean
  /** The messages as the client wrote them, and as they are sent upstream. Only for requests of which nothing is stored. */
  wireMessages?: readonly WireMessage[]
  /** Parameters by their wire names, which are sent unchanged. */
  wireParameters?: Record<string, unknown>
}

export type BusyPolicy = 'REJECT' | 'QUEUE' | 'INTERRUPT'
/** CANCEL waits for viewers to come back, and CANCEL_AT_ONCE does not. */
export type UnwatchedPolicy = 'CONTINUE' | 'CANCEL' | 'CANCEL_AT_ONCE'
export type ReasoningEffort = 'NONE' | 'MINIMAL' | 'LOW' | 'MEDIUM' | 'HIGH' | 'XHIGH' | 'MAX'
export type Verbosity = 'LOW' | 'MEDIUM' | 'HIGH'

/** Only one of the fields is set. */
export interface ContextInput {
  full?: boolean | null
  tokenBudget?: number | null
  lastN?: number | null
}

export interface KeyValue {
  key: string
  value: string
}

export interface ToolInput {
  name: string
  description?: string | null
  /** A JSON Schema. */
  parameters?: unknown
  strict?: boolean | null
}

/** Only one of the fields is set. */
export interface ToolChoiceInput {
  mode?: 'NONE' | 'AUTO' | 'REQUIRED' | null
  function?: string | null
}

/** Only one of the fields is set. */
export interface ResponseFormatInput {
  text?: boolean | null
  jsonObject?: boolean | null
  jsonSchema?: { name: string; description?: string | null; schema: unknown; strict?: boolean | null } | null
}

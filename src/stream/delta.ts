export type FinishReason = 'STOP' | 'LENGTH' | 'TOOL_CALLS' | 'CONTENT_FILTER' | 'FUNCTION_CALL' | 'UNKNOWN'

/** `id` and `name` stand in a call's first delta; `arguments` is a piece of the raw text. */
export interface ToolCallDelta {
  index: number
  id: string | null
  name: string | null
  arguments: string
}

/** The wire's own entries, one a token. */
export interface Logprobs {
  content: unknown[]
  refusal: unknown[]
}

/** What is new in one choice. Empty strings and lists stand for nothing new. */
export interface ChoiceDelta {
  index: number
  content: string
  refusal: string
  reasoning: string
  toolCalls: ToolCallDelta[]
  logprobs: Logprobs | null
  finishReason: FinishReason | null
}

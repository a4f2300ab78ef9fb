export type FinishReason = 'STOP' | 'LENGTH' | 'TOOL_CALLS' | 'CONTENT_FILTER' | 'FUNCTION_CALL' | 'UNKNOWN'

/** Data that the provider expects back unchanged with the call, in its own format (Gemini's thought signatures). */
export type ToolCallExtra = Readonly<Record<string, unknown>>

/** The first delta of a call has `id` and `name`; `arguments` is a piece of the raw text. */
export interface ToolCallDelta {
  index: number
  id: string | null
  name: string | null
  arguments: string
  /** in the first delta, if the provider sends it */
  extra?: ToolCallExtra
}

/** The provider's own entries, one for each token. */
export interface Logprobs {
  content: unknown[]
  refusal: unknown[]
}

/** The new part of one choice. Empty strings and lists mean that nothing is new. */
export interface ChoiceDelta {
  index: number
  content: string
  refusal: string
  reasoning: string
  toolCalls: ToolCallDelta[]
  logprobs: Logprobs | null
  finishReason: FinishReason | null
}

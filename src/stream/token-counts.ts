/** What an answer has used. */
export interface TokenCounts {
  promptTokens: number
  completionTokens: number
  totalTokens: number
  /** the part of the prompt that the provider had cached */
  cachedTokens: number
  /** the part of the completion that is reasoning */
  reasoningTokens: number
}

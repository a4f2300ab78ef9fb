import type { Usage } from '../chat/completion/completion.ts'

export function wireUsage(usage: Usage) {
  const { promptTokens, completionTokens, totalTokens, cachedTokens, reasoningTokens, source } = usage
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: totalTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens },
    completion_tokens_details: { reasoning_tokens: reasoningTokens },
    // OpenAI's format does not have this field. It tells that the provider reported no usage.
    ...(source === 'ESTIMATED' && { estimated: true }),
  }
}

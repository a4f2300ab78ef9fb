import type { Usage } from '../chat/completion/completion.ts'

export function wireUsage(usage: Usage) {
  const { promptTokens, completionTokens, totalTokens, cachedTokens, reasoningTokens, source } = usage
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: totalTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens },
    completion_tokens_details: { reasoning_tokens: reasoningTokens },
    // OpenAI has no such field: the provider gave no figures.
    ...(source === 'ESTIMATED' && { estimated: true }),
  }
}

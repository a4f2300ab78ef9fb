import type { Quota } from '../chat/access/limits.ts'

/** The headers in which OpenAI reports the limits of a user and what is left of them. */
export function rateLimitHeaders(quota: Quota): Record<string, string> {
  const { requestsPerMinute, requestsRemaining, tokensPerDay, tokensRemaining, resetsAt } = quota
  const reset = `${Math.max(0, Math.ceil(((resetsAt?.getTime() ?? 0) - Date.now()) / 1_000))}s`
  const headers = {
    'x-ratelimit-limit-requests': requestsPerMinute,
    'x-ratelimit-remaining-requests': requestsRemaining,
    'x-ratelimit-reset-requests': requestsPerMinute === null ? null : reset,
    'x-ratelimit-limit-tokens': tokensPerDay,
    'x-ratelimit-remaining-tokens': tokensRemaining,
  }
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (value === null ? [] : [[name, String(value)]])),
  )
}

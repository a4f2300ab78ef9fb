import type { TokenCounts } from '../stream/token-counts.ts'
import { isInt, isObject, type Wire } from './json.ts'

/** Servers put the usage beside the choices, into one of the choices (Moonshot), or into an object of their own (Groq). */
export function usageIn(wire: Wire): TokenCounts | null {
  const { usage, choices, x_groq } = wire
  if (isObject(usage)) return readUsage(usage)
  const inChoice = Array.isArray(choices)
    ? choices.find((choice) => isObject(choice) && isObject(choice['usage']))
    : null
  const own = isObject(inChoice) ? inChoice['usage'] : isObject(x_groq) ? x_groq['usage'] : null
  return isObject(own) ? readUsage(own) : null
}

/** Later figures replace earlier ones, except by zero, because the last report of some servers has fewer figures. */
export function fullerUsage(earlier: TokenCounts | null, later: TokenCounts): TokenCounts {
  if (earlier === null) return later
  const promptTokens = later.promptTokens || earlier.promptTokens
  const completionTokens = later.completionTokens || earlier.completionTokens
  return {
    promptTokens,
    completionTokens,
    totalTokens: Math.max(later.totalTokens, promptTokens + completionTokens),
    cachedTokens: later.cachedTokens || earlier.cachedTokens,
    reasoningTokens: later.reasoningTokens || earlier.reasoningTokens,
  }
}

/** Returns null if a count is not valid, or if all are zero: no prompt is empty, so such a server does not count tokens. */
function readUsage(usage: Wire): TokenCounts | null {
  const total = countOf(usage['total_tokens'])
  const prompt = countOf(usage['prompt_tokens'] ?? usage['input_tokens'])
  const completion = countOf(usage['completion_tokens'] ?? usage['output_tokens'])
  const promptTokens = prompt ?? (completion === null ? 0 : Math.max(0, (total ?? 0) - completion))
  const completionTokens = completion ?? (prompt === null ? 0 : Math.max(0, (total ?? 0) - prompt))
  if (promptTokens + completionTokens === 0) return null
  const { prompt_tokens_details: ofPrompt, completion_tokens_details: ofCompletion } = usage
  const counts = {
    promptTokens,
    completionTokens,
    totalTokens: total || promptTokens + completionTokens,
    // These are the names of DeepSeek and Moonshot for cached tokens.
    cachedTokens:
      countOf(fieldOf(ofPrompt, 'cached_tokens') ?? usage['prompt_cache_hit_tokens'] ?? usage['cached_tokens']) ?? 0,
    reasoningTokens: countOf(fieldOf(ofCompletion, 'reasoning_tokens')) ?? 0,
  }
  return Object.values(counts).every(isInt) ? counts : null
}

function fieldOf(details: unknown, name: string): unknown {
  return isObject(details) ? details[name] : undefined
}

/** Some servers send estimates, which may be fractions. Returns null if the value is not a count. */
function countOf(value: unknown): number | null {
  const count = typeof value === 'number' ? Math.round(value) : Number.NaN
  return Number.isSafeInteger(count) && count >= 0 ? count : null
}

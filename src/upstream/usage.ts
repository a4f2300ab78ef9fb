import { isInt, isObject, type Wire } from './json.ts'

export interface Usage {
  promptTokens: number
  completionTokens: number
  totalTokens: number
  cachedTokens: number
  reasoningTokens: number
}

/** Where servers put it: beside the choices, in one of them (Moonshot), or in an object of their own (Groq). */
export function usageIn(wire: Wire): Usage | null {
  const { usage, choices, x_groq } = wire
  if (isObject(usage)) return readUsage(usage)
  const inChoice = Array.isArray(choices)
    ? choices.find((choice) => isObject(choice) && isObject(choice['usage']))
    : null
  const own = isObject(inChoice) ? inChoice['usage'] : isObject(x_groq) ? x_groq['usage'] : null
  return isObject(own) ? readUsage(own) : null
}

/** The later figures replace the earlier ones, but a zero replaces none: some servers end with a report of less. */
export function fullerUsage(earlier: Usage | null, later: Usage): Usage {
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

/** null where nothing is counted, or a count cannot be one. No prompt is empty, so zeros are a server's that counts none. */
function readUsage(usage: Wire): Usage | null {
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
    // DeepSeek and Moonshot name their cache hits so.
    cachedTokens:
      countOf(fieldOf(ofPrompt, 'cached_tokens') ?? usage['prompt_cache_hit_tokens'] ?? usage['cached_tokens']) ?? 0,
    reasoningTokens: countOf(fieldOf(ofCompletion, 'reasoning_tokens')) ?? 0,
  }
  return Object.values(counts).every(isInt) ? counts : null
}

function fieldOf(details: unknown, name: string): unknown {
  return isObject(details) ? details[name] : undefined
}

/** Some servers estimate, and send fractions; null where it is no count. */
function countOf(value: unknown): number | null {
  const count = typeof value === 'number' ? Math.round(value) : Number.NaN
  return Number.isSafeInteger(count) && count >= 0 ? count : null
}

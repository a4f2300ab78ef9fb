import type { ContextStrategy } from '../../store/conversation.ts'
import type { ContextInput } from './completion-input.ts'

/** The size of a context, or a limit for it. */
export interface Size {
  messages: number
  tokens: number
  /** The bytes of text and media, in UTF-8. */
  bytes: number
}

export interface Plan {
  strategy: ContextStrategy
  /** Decides how much of the history is sent. Exceeding it is not an error. */
  budget: Size
  /** A larger context is refused. */
  bound: Size
  /** The limit of the tokens; null if there is none. */
  limit: number | null
}

export interface PlanRequest {
  input: ContextInput | null
  defaultStrategy: ContextStrategy
  /** The context window of the model without the part for the answer; null if it is not known. */
  window: number | null
}

/** The limits if the context window of the model is not known: the memory of a server and every window are finite. */
export const maxContextMessages = 10_000
export const maxContextBytes = 8_000_000

/** The token budget if the context window of the model is not known. */
const defaultTokenBudget = 8_000
const defaultLastN = 20

export function planOf({ input, defaultStrategy, window }: PlanRequest): Plan {
  const strategy = strategyOf(input, defaultStrategy)
  const given = input?.tokenBudget ?? null
  const limit = given === null ? window : Math.min(given, window ?? Number.POSITIVE_INFINITY)
  const bound = { messages: maxContextMessages, tokens: limit ?? Number.POSITIVE_INFINITY, bytes: maxContextBytes }
  return { strategy, limit, bound, budget: budgetOf(strategy, bound, input) }
}

function strategyOf(input: ContextInput | null, defaultStrategy: ContextStrategy): ContextStrategy {
  if (typeof input?.tokenBudget === 'number') return 'TOKEN_BUDGET'
  if (typeof input?.lastN === 'number') return 'LAST_N'
  return input?.full ? 'FULL' : defaultStrategy
}

function budgetOf(strategy: ContextStrategy, bound: Size, input: ContextInput | null): Size {
  const all = Number.POSITIVE_INFINITY
  if (strategy === 'FULL') return { messages: all, tokens: all, bytes: all }
  if (strategy === 'LAST_N') {
    return { ...bound, messages: Math.min(input?.lastN ?? defaultLastN, bound.messages), tokens: all }
  }
  return { ...bound, tokens: bound.tokens === all ? defaultTokenBudget : bound.tokens }
}

export function exceeds(size: Size, bound: Size): boolean {
  return size.messages > bound.messages || size.tokens > bound.tokens || size.bytes > bound.bytes
}

export function sumOf(sizes: readonly Size[]): Size {
  const sum = { messages: 0, tokens: 0, bytes: 0 }
  for (const { messages, tokens, bytes } of sizes) {
    sum.messages += messages
    sum.tokens += tokens
    sum.bytes += bytes
  }
  return sum
}

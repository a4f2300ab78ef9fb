import type { Completion, Usage } from '../store/completion.ts'
import { noUsage } from '../store/usage.ts'
import type { AnswerChoice } from '../stream/choice.ts'
import type { Usage as ProviderUsage } from '../upstream/chunk.ts'
import type { Upstreams } from '../upstream/upstream.ts'
import { countMessages, countTokens } from './tokens.ts'
import type { WireMessage } from './wire-message.ts'

/** What came of the upstream beside the text. */
export interface Received {
  /** As they were sent. */
  messages: WireMessage[]
  usage: ProviderUsage | null
  /** Whether the upstream took the request: one that it refused costs nothing. */
  wasAnswered: boolean
}

export interface UsageFacts extends Received {
  completion: Completion
  choices: readonly AnswerChoice[]
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)

function writtenText({ content, refusal, reasoning, toolCalls }: AnswerChoice): string {
  return content + refusal + reasoning + toolCalls.map((call) => call.name + call.arguments).join('')
}

function priced(
  upstreams: Upstreams,
  { upstream, model, modelUsed }: Completion,
  counts: ProviderUsage,
  source: Usage['source'],
): Usage {
  // What was asked for as `gpt-4o` is answered as `gpt-4o-2024-08-06`; price lists have either.
  const costMicros = upstreams.costMicros(upstream, modelUsed === null ? [model] : [modelUsed, model], counts)
  return { ...counts, costMicros, source }
}

/** Where the provider gave no figures for what it wrote. */
export async function estimatedUsage(
  upstreams: Upstreams,
  completion: Completion,
  promptTokens: number,
  choices: readonly AnswerChoice[],
): Promise<Usage> {
  const completionTokens = sum(await countTokens(completion.model, choices.map(writtenText)))
  const totalTokens = promptTokens + completionTokens
  const counts = { promptTokens, completionTokens, totalTokens, cachedTokens: 0, reasoningTokens: 0 }
  return priced(upstreams, completion, counts, 'ESTIMATED')
}

/** The provider's figures; where it gave none for what it wrote, an estimate that is marked so. */
export async function usageOf(upstreams: Upstreams, facts: UsageFacts): Promise<Usage> {
  const { completion, usage: provided, messages, choices, wasAnswered } = facts
  if (provided !== null) return priced(upstreams, completion, provided, 'PROVIDER')
  if (!wasAnswered) return noUsage
  const promptTokens = sum(await countMessages(completion.model, messages))
  return estimatedUsage(upstreams, completion, promptTokens, choices)
}

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

function writtenText({ content, refusal, reasoning, toolCalls }: AnswerChoice): string {
  return content + refusal + reasoning + toolCalls.map((call) => call.name + call.arguments).join('')
}

async function estimate(
  model: string,
  messages: readonly WireMessage[],
  choices: readonly AnswerChoice[],
): Promise<ProviderUsage> {
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
  const promptTokens = sum(await countMessages(model, messages))
  const completionTokens = sum(await countTokens(model, choices.map(writtenText)))
  const totalTokens = promptTokens + completionTokens
  return { promptTokens, completionTokens, totalTokens, cachedTokens: 0, reasoningTokens: 0 }
}

/** The provider's figures; where it gave none for what it wrote, an estimate that is marked so. */
export async function usageOf(upstreams: Upstreams, facts: UsageFacts): Promise<Usage> {
  const { completion, usage: provided, messages, choices, wasAnswered } = facts
  if (provided === null && !wasAnswered) return noUsage
  const counts = provided ?? (await estimate(completion.model, messages, choices))
  const { upstream, model, modelUsed } = completion
  // What was asked for as `gpt-4o` is answered as `gpt-4o-2024-08-06`; price lists have either.
  const costMicros = upstreams.costMicros(upstream ?? '', modelUsed === null ? [model] : [modelUsed, model], counts)
  return { ...counts, costMicros, source: provided === null ? 'ESTIMATED' : 'PROVIDER' }
}

import type { Completion, Usage } from '../../store/completion.ts'
import { noUsage } from '../../store/usage/usage.ts'
import type { AnswerChoice } from '../../stream/choice.ts'
import type { TokenCounts } from '../../stream/token-counts.ts'
import type { Upstreams } from '../../upstream/upstream.ts'
import type { TokenCounter } from '../prompt/token-counter.ts'
import type { WireMessage } from '../prompt/wire-message.ts'

/** What is known of a relayed answer beside its text. */
export interface Received {
  /** The messages as they were sent. */
  messages: WireMessage[]
  usage: TokenCounts | null
  /** Whether the upstream accepted the request: a refused request costs nothing. */
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

export interface Usages {
  /** Returns the provider's figures or, if it sent none for an answer, an estimate that is marked as one. */
  of(facts: UsageFacts): Promise<Usage>
  /** Estimates the usage of an answer for which the provider sent no figures. */
  estimate(completion: Completion, promptTokens: number, choices: readonly AnswerChoice[]): Promise<Usage>
}

export function createUsages(upstreams: Upstreams, tokens: TokenCounter): Usages {
  function priced(completion: Completion, counts: TokenCounts, source: Usage['source']): Usage {
    const { upstream, model, modelUsed } = completion
    // A request for `gpt-4o` is answered by `gpt-4o-2024-08-06`, and price lists may name either.
    const costMicros = upstreams.costMicros(upstream, modelUsed === null ? [model] : [modelUsed, model], counts)
    return { ...counts, costMicros, source }
  }

  async function estimate(completion: Completion, promptTokens: number, choices: readonly AnswerChoice[]) {
    const completionTokens = sum(await tokens.countTokens(completion.model, choices.map(writtenText)))
    const totalTokens = promptTokens + completionTokens
    const counts = { promptTokens, completionTokens, totalTokens, cachedTokens: 0, reasoningTokens: 0 }
    return priced(completion, counts, 'ESTIMATED')
  }

  return {
    estimate,
    async of({ completion, usage: provided, messages, choices, wasAnswered }) {
      if (provided !== null) return priced(completion, provided, 'PROVIDER')
      if (!wasAnswered) return noUsage
      const promptTokens = sum(await tokens.countMessages(completion.model, messages))
      return estimate(completion, promptTokens, choices)
    },
  }
}

import type { Store } from '../../store/store.ts'
import type { Upstreams } from '../../upstream/upstream.ts'
import type { AnswerModule } from '../answer/answer-module.ts'
import { createModels, type Models } from './model.ts'
import { createPrompts, type Prompts } from './prompt.ts'
import { createTokenCounter, type TokenCounter } from './token-counter.ts'

/** The request to a model: the context, its tokens and the parameters. */
export interface PromptModule {
  models: Models
  prompts: Prompts
  tokens: TokenCounter
  stop(): Promise<void>
}

export interface PromptModuleOptions {
  store: Store
  upstreams: Upstreams
  answer: AnswerModule
  tokenThreadFile: string
}

export function createPromptModule({ store, upstreams, answer, tokenThreadFile }: PromptModuleOptions): PromptModule {
  const tokens = createTokenCounter(tokenThreadFile)
  return {
    models: createModels(upstreams),
    prompts: createPrompts({ store, upstreams, tokens, withStreamingText: answer.withStreamingText }),
    tokens,
    stop: tokens.stop,
  }
}

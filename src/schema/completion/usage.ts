import type { Usage as CountedUsage } from '../../chat/completion/completion.ts'
import { builder } from '../builder.ts'
import { part } from '../cost.ts'

const UsageSource = builder.enumType('UsageSource', {
  description: 'The origin of the counts.',
  values: {
    PROVIDER: { description: 'The provider sent the counts, which are those of its bill.' },
    ESTIMATED: {
      description:
        'This server estimated the counts, because the provider sent none. In a sum, at least one part is estimated.',
    },
    NONE: { description: 'Nothing was used: no request reached a model. All counts are 0.' },
  },
})

export const Usage = builder.objectRef<CountedUsage>('Usage').implement({
  extensions: part,
  description:
    'The used tokens and their cost, of one completion or as the sum of several. A sum is at most 2147483647.',
  fields: (t) => ({
    promptTokens: t.exposeInt('promptTokens', { description: 'The tokens that were sent to the model.' }),
    completionTokens: t.exposeInt('completionTokens', {
      description: 'The tokens that the model wrote, in all choices, including its reasoning.',
    }),
    totalTokens: t.exposeInt('totalTokens', { description: 'The sum of promptTokens and completionTokens.' }),
    cachedTokens: t.exposeInt('cachedTokens', {
      description:
        'The part of `promptTokens` that was in the cache of the provider, which is cheaper; 0 if the provider does not tell.',
    }),
    reasoningTokens: t.exposeInt('reasoningTokens', {
      description: 'The part of `completionTokens` that was used for reasoning; 0 if the provider does not tell.',
    }),
    costMicros: t.exposeInt('costMicros', {
      nullable: true,
      description: 'The cost in millionths of a US dollar, so 1500 is $0.0015; null if the model has no price.',
    }),
    source: t.expose('source', { type: UsageSource, description: 'The origin of the counts.' }),
  }),
})

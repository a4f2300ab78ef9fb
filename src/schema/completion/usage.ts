import type { Usage as CountedUsage } from '../../chat/completion/completion.ts'
import { builder } from '../builder.ts'
import { part } from '../cost.ts'

const UsageSource = builder.enumType('UsageSource', {
  description: 'Who counted.',
  values: {
    PROVIDER: { description: "The provider: these are the bill's numbers." },
    ESTIMATED: { description: 'We did, since the provider sent no count. In a sum: at least one part is estimated.' },
    NONE: { description: 'Nothing was used: no request reached a model. All counts are 0.' },
  },
})

export const Usage = builder.objectRef<CountedUsage>('Usage').implement({
  extensions: part,
  description:
    'What was used, in tokens, and what it cost. Of one completion, or the sum of several, which goes up to 2147483647.',
  fields: (t) => ({
    promptTokens: t.exposeInt('promptTokens', { description: 'What was sent to the model.' }),
    completionTokens: t.exposeInt('completionTokens', {
      description: 'What the model wrote, in all choices, its reasoning included.',
    }),
    totalTokens: t.exposeInt('totalTokens', { description: 'Both together.' }),
    cachedTokens: t.exposeInt('cachedTokens', {
      description:
        'Those of `promptTokens` that the provider had in its cache, which is cheaper; 0 where it does not say.',
    }),
    reasoningTokens: t.exposeInt('reasoningTokens', {
      description: 'Those of `completionTokens` that went into reasoning; 0 where the provider does not say.',
    }),
    costMicros: t.exposeInt('costMicros', {
      nullable: true,
      description: 'In millionths of a US dollar, so 1500 is $0.0015; null where the model has no price.',
    }),
    source: t.expose('source', { type: UsageSource, description: 'Who counted.' }),
  }),
})

import { maxModels, type Model as OfferedModel } from '../../chat/prompt/model.ts'
import { builder } from '../builder.ts'
import { atMost, part } from '../cost.ts'

const Model = builder.objectRef<OfferedModel>('Model').implement({
  extensions: part,
  description: 'A model that can be asked.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Its name, as `CreateCompletionInput.model` takes it; no id for `node`.' }),
    upstream: t.exposeString('upstream', { description: 'Which upstream offers it, by its name in the settings.' }),
    ownedBy: t.exposeString('ownedBy', {
      nullable: true,
      description: 'Who made it, as the upstream says; null when it does not.',
    }),
    created: t.exposeInt('created', {
      nullable: true,
      description: 'When it was made, in Unix seconds; null when the upstream does not say.',
    }),
    contextWindow: t.exposeInt('contextWindow', {
      nullable: true,
      description: 'How many tokens prompt and answer may have together; null when it is not known.',
    }),
    shutdownAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it will no longer be offered; null when no end is known.',
      resolve: () => null,
    }),
  }),
})

builder.queryField('models', (t) =>
  t.field({
    type: [Model],
    nullable: true,
    extensions: atMost(maxModels),
    description: 'What the upstreams offer, for a picker. Empty while none can be reached; 1,000 at most.',
    resolve: (_, __, { chat, viewer }) => chat.models.list(viewer),
  }),
)

import { maxModels, type Model as OfferedModel } from '../../chat/prompt/model.ts'
import { builder } from '../builder.ts'
import { atMost, part } from '../cost.ts'

const Model = builder.objectRef<OfferedModel>('Model').implement({
  extensions: part,
  description: 'A model that can answer questions.',
  fields: (t) => ({
    id: t.exposeID('id', {
      description: 'The name of the model, for `CreateCompletionInput.model`. It is not an id for `node`.',
    }),
    upstream: t.exposeString('upstream', {
      description: 'The upstream that offers the model, by its name in the settings.',
    }),
    ownedBy: t.exposeString('ownedBy', {
      nullable: true,
      description: 'The owner of the model according to the upstream; null if it does not tell.',
    }),
    created: t.exposeInt('created', {
      nullable: true,
      description: 'When the model was created, in Unix seconds; null if the upstream does not tell.',
    }),
    contextWindow: t.exposeInt('contextWindow', {
      nullable: true,
      description: 'How many tokens prompt and answer may have together; null if it is not known.',
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
    description:
      'The models that the upstreams offer, for a picker. Empty while no upstream can be reached; 1,000 at most.',
    resolve: (_, __, { chat, viewer }) => chat.models.list(viewer),
  }),
)

import { type UsageBucket as Bucket, maxBuckets } from '../../chat/completion/usage-report.ts'
import { builder } from '../builder.ts'
import { loadOptional } from '../context.ts'
import { atMost, part, weighs } from '../cost.ts'
import { readOptionalId } from '../global-id.ts'
import { Usage } from './usage.ts'

const UsageDimension = builder.enumType('UsageDimension', {
  description: 'By what usage is split into buckets.',
  values: {
    DAY: { description: 'The day on which the completion was asked for, in the given time zone.' },
    MODEL: { description: 'The model that was asked.' },
    USER: { description: 'Who asked.' },
    CONVERSATION: { description: 'The conversation in which it was asked.' },
  },
})

const UsageBucket = builder.objectRef<Bucket>('UsageBucket').implement({
  extensions: part,
  description:
    'What some completions used together. They are alike in the dimensions that were asked for; the fields of all others are null.',
  fields: (t) => ({
    day: t.expose('day', {
      type: 'DateTime',
      nullable: true,
      description: 'When the day begins in the given time zone; null unless grouped by DAY.',
    }),
    model: t.exposeString('model', {
      nullable: true,
      description: 'The model that was asked; null unless grouped by MODEL.',
    }),
    user: t.field({
      type: 'User',
      nullable: true,
      description: 'Who asked; null unless grouped by USER, and for somebody whom the viewer may not see.',
      resolve: ({ userId }, _, { users }) => loadOptional(users, userId),
    }),
    conversation: t.field({
      type: 'Conversation',
      nullable: true,
      description:
        'Where it was asked; null unless grouped by CONVERSATION. One bucket without it has all that the viewer asked outside of ' +
        'conversations, in deleted ones and in those that they have left.',
      resolve: ({ conversationId }, _, { conversations }) => loadOptional(conversations, conversationId),
    }),
    completions: t.exposeInt('completions', { description: 'How many completions.' }),
    usage: t.expose('usage', { type: Usage, description: 'Their sum.' }),
  }),
})

builder.queryField('usage', (t) =>
  t.field({
    type: [UsageBucket],
    nullable: true,
    extensions: { directives: { ...atMost(maxBuckets).directives, ...weighs(100).directives } },
    description:
      'What completions that have ended used. Without `conversationId`, those that the viewer asked for, also in conversations that ' +
      'were deleted since; with it, those of everybody in that conversation, and nothing where the viewer does not take part in ' +
      'it. By day, the earliest first, and then by tokens, the most first; empty where nothing was used. More than 1000 ' +
      'buckets are refused with the code BAD_USER_INPUT. A user may ask for it 4 times at once; more are refused with the ' +
      'code RATE_LIMITED.',
    args: {
      from: t.arg({
        type: 'DateTime',
        description: 'Completions that were asked for then or later; absent: since ever.',
      }),
      to: t.arg({ type: 'DateTime', description: 'Completions that were asked for before; absent: until now.' }),
      groupBy: t.arg({
        type: [UsageDimension],
        description: 'By what to split it, in any order; absent or empty: one bucket with all.',
      }),
      conversationId: t.arg.id({
        description: 'The conversation of which to tell; absent: what the viewer asked for.',
      }),
      timeZone: t.arg.string({
        description: "IANA's name of the time zone in which days begin and end, such as `Europe/Berlin`; absent: UTC.",
      }),
    },
    resolve: (_, { conversationId, ...request }, { chat, viewer, signal }) =>
      chat.usage(viewer, { ...request, conversationId: readOptionalId('Conversation', conversationId) }, signal),
  }),
)

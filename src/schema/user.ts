import type { Quota as ViewerQuota } from '../chat/access/limits.ts'
import { builder } from './builder.ts'
import { atMost, part } from './cost.ts'
import { writeId } from './global-id.ts'
import { Node } from './node.ts'

const Quota = builder.objectRef<ViewerQuota>('Quota').implement({
  extensions: part,
  description: 'How much the viewer may ask. null stands for no limit.',
  fields: (t) => ({
    requestsPerMinute: t.exposeInt('requestsPerMinute', {
      nullable: true,
      description: 'How many completions the viewer may begin in a minute; null without a limit.',
    }),
    requestsRemaining: t.exposeInt('requestsRemaining', {
      nullable: true,
      description: 'How many of them are left in the present minute; null without a limit.',
    }),
    tokensPerDay: t.exposeInt('tokensPerDay', {
      nullable: true,
      description: 'How many tokens, of prompts and answers, the viewer may use in a day; null without a limit.',
    }),
    tokensRemaining: t.exposeInt('tokensRemaining', {
      nullable: true,
      description: 'How many of them are left today; null without a limit.',
    }),
    resetsAt: t.expose('resetsAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the next of these limits starts anew; null when nothing has been used, or nothing limits.',
    }),
  }),
})

builder.objectType('User', {
  description:
    'A person. Visible to themselves and to those who share a conversation with them, also after they have left it.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.id({ description: 'Opaque and global.', resolve: ({ id }) => writeId('User', id) }),
    name: t.exposeString('name', { nullable: true, description: 'To show; null when the sign-in gave none.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When they first signed in here.' }),
    quota: t.field({
      type: Quota,
      nullable: true,
      description: 'What the viewer may still use; null for everybody but the viewer.',
      resolve: (user, _, { chat, viewer }) => (user.id === viewer.id ? chat.limits.quota(viewer) : null),
    }),
    apiKeys: t.field({
      type: ['ApiKey'],
      extensions: atMost(200),
      description:
        "The viewer's API keys, the latest first, those that were revoked or have expired after all others; 200 at most. Empty for everybody but the viewer.",
      resolve: ({ id }, _, { apiKeysOfUser }) => apiKeysOfUser.load(id),
    }),
  }),
})

builder.queryField('viewer', (t) =>
  t.field({ type: 'User', description: 'Who is asking.', resolve: (_, __, { viewer }) => viewer }),
)

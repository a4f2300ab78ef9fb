import type { Quota as ViewerQuota } from '../chat/access/limits.ts'
import { builder } from './builder.ts'
import { atMost, part } from './cost.ts'
import { writeId } from './global-id.ts'
import { Node } from './node.ts'

const Quota = builder.objectRef<ViewerQuota>('Quota').implement({
  extensions: part,
  description: 'How much the viewer may use. null means no limit.',
  fields: (t) => ({
    requestsPerMinute: t.exposeInt('requestsPerMinute', {
      nullable: true,
      description: 'How many completions the viewer may start in a minute; null without a limit.',
    }),
    requestsRemaining: t.exposeInt('requestsRemaining', {
      nullable: true,
      description: 'How many completions are left in the current minute; null without a limit.',
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
      description: 'When the next of these limits is reset; null if nothing has been used, or if there is no limit.',
    }),
  }),
})

builder.objectType('User', {
  description:
    'A person. A user is visible to themselves and to everybody who shares a conversation with them, also after one of them has left it.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.id({ description: 'Opaque and global.', resolve: ({ id }) => writeId('User', id) }),
    name: t.exposeString('name', { nullable: true, description: 'The name to show; null if the sign-in had none.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the user first signed in.' }),
    quota: t.field({
      type: Quota,
      nullable: true,
      description: 'The limits of the viewer; null for other users.',
      resolve: (user, _, { chat, viewer }) => (user.id === viewer.id ? chat.limits.quota(viewer) : null),
    }),
    apiKeys: t.field({
      type: ['ApiKey'],
      extensions: atMost(200),
      description:
        'The API keys of the viewer, the latest first, with revoked and expired keys after all others; 200 at most. Empty for other users.',
      resolve: ({ id }, _, { apiKeysOfUser }) => apiKeysOfUser.load(id),
    }),
  }),
})

builder.queryField('viewer', (t) =>
  t.field({ type: 'User', description: 'The user who is signed in.', resolve: (_, __, { viewer }) => viewer }),
)

import type { User } from '../../chat/access/viewer.ts'
import { maxParticipants } from '../../chat/conversation/participant.ts'
import type { PresentPerson } from '../../chat/conversation/presence.ts'
import { builder } from '../builder.ts'
import type { Context } from '../context.ts'
import { atMost, part } from '../cost.ts'
import { readId } from '../global-id.ts'
import { ConversationResult, conversationResult } from './conversation-result.ts'

interface Present extends Pick<PresentPerson, 'isTyping' | 'since'> {
  user: User
}

const Presence = builder.objectRef<Present>('Presence').implement({
  extensions: part,
  description: 'A person who has a conversation open or is writing in it. Presence is not stored.',
  fields: (t) => ({
    user: t.expose('user', { type: 'User', description: 'The person.' }),
    isTyping: t.exposeBoolean('isTyping', {
      description: 'Whether they announced within the last 6 seconds that they are writing.',
    }),
    since: t.expose('since', {
      type: 'DateTime',
      description: 'When they opened the conversation, on the first of their devices that still has it open.',
    }),
  }),
})

/** Adds the users. A user who has just been removed may no longer be visible, and is then left out. */
async function withUsers(people: readonly PresentPerson[], { users }: Context): Promise<Present[]> {
  const found = await Promise.all(people.map(({ userId }) => users.load(userId)))
  return people.flatMap(({ isTyping, since }, index) => {
    const user = found[index]
    return user ? [{ user, isTyping, since }] : []
  })
}

builder.objectField('Conversation', 'presence', (t) =>
  t.field({
    type: [Presence],
    extensions: atMost(maxParticipants),
    description:
      'Everybody who has the conversation open with `conversationPresence` or is writing, in the order in which they opened it. Just after the ' +
      'start of a server, people at other servers may be missing for some seconds.',
    resolve: async ({ id }, _, context) => withUsers(await context.presence.load(id), context),
  }),
)

builder.mutationField('announceTyping', (t) =>
  t.field({
    type: ConversationResult,
    nullable: true,
    description:
      'Announces in `conversationPresence` that the viewer is writing. It lasts 6 seconds: send it again every 3 seconds while they continue. ' +
      'More than 60 a minute are refused with RATE_LIMITED. Requires at least the EDITOR role.',
    args: { conversationId: t.arg.id({ required: true, description: 'The id of the conversation.' }) },
    resolve: (_, { conversationId }, { chat, viewer }) =>
      conversationResult(chat.presence.announceTyping(viewer, readId('Conversation', conversationId))),
  }),
)

builder.subscriptionField('conversationPresence', (t) =>
  t.field({
    type: [Presence],
    extensions: atMost(maxParticipants),
    description:
      'Everybody who has the conversation open or is writing, at any server. Each event is the whole list: the first comes at once, the others ' +
      'when the list changes. A viewer who subscribes is present, and is listed once however many subscriptions they have. It completes when the ' +
      'viewer is no longer a participant. Errors: NOT_FOUND if they may not see the conversation, RATE_LIMITED if they have too many streams open.',
    args: { conversationId: t.arg.id({ required: true, description: 'The id of the conversation.' }) },
    subscribe: (_, { conversationId }, { chat, viewer }) =>
      chat.presence.watch(viewer, readId('Conversation', conversationId)),
    resolve: (people, _, context) => withUsers(people, context),
  }),
)

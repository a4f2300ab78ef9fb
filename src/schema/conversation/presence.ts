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
  description: 'Somebody who has a conversation open, or is writing in it. Not stored.',
  fields: (t) => ({
    user: t.expose('user', { type: 'User', description: 'The person.' }),
    isTyping: t.exposeBoolean('isTyping', {
      description: 'Whether they announced within the last 6 seconds that they write.',
    }),
    since: t.expose('since', {
      type: 'DateTime',
      description: 'When they came, at the earliest of the places where they are.',
    }),
  }),
})

/** With their users. Who has just been removed may be no longer visible. */
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
      'Who has it open with `conversationPresence`, and who is writing, by the time they came. Just after a server has started, those at other ' +
      'servers may be missing for some seconds.',
    resolve: async ({ id }, _, context) => withUsers(await context.presence.load(id), context),
  }),
)

builder.mutationField('announceTyping', (t) =>
  t.field({
    type: ConversationResult,
    nullable: true,
    description:
      'Tells those who watch `conversationPresence` that the viewer is writing. Lasts 6 seconds: send it again after some 3 seconds while they ' +
      'go on. 60 a minute at most, else the error RATE_LIMITED. Requires the EDITOR role.',
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
      'Who has the conversation open and who is writing, at any server: the whole list, at first and whenever it changes. Whoever subscribes ' +
      'is present, and listed once however often they subscribe. It completes when the viewer takes part no longer. The error NOT_FOUND where ' +
      'they may not see the conversation, RATE_LIMITED where they have too many streams open.',
    args: { conversationId: t.arg.id({ required: true, description: 'The id of the conversation.' }) },
    subscribe: (_, { conversationId }, { chat, viewer }) =>
      chat.presence.watch(viewer, readId('Conversation', conversationId)),
    resolve: (people, _, context) => withUsers(people, context),
  }),
)

import { builder } from '../builder.ts'
import { createConnection } from '../connection.ts'
import { loadExisting, loadOptional } from '../context.ts'
import { readId, writeParticipantId } from '../global-id.ts'
import { Node } from '../node.ts'
import { ConversationResult, conversationResult } from './conversation-result.ts'

export const ParticipantRole = builder.enumType('ParticipantRole', {
  description: 'What a participant may do. Each role includes those below it.',
  values: {
    OWNER: { description: 'Also manages people, and deletes the conversation.' },
    EDITOR: { description: 'Also writes, asks the model, cancels and edits.' },
    VIEWER: { description: 'Reads and watches.' },
  },
})

builder.objectType('Participant', {
  description: 'A person in a conversation. Visible to those who share the conversation.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.id({
      description: 'Opaque and global. Somebody who comes back has the same one again.',
      resolve: writeParticipantId,
    }),
    user: t.field({
      type: 'User',
      description: 'The person.',
      resolve: ({ userId }, _, { users }) => loadExisting(users, userId),
    }),
    role: t.expose('role', { type: ParticipantRole, description: 'What they may do here.' }),
    joinedAt: t.expose('joinedAt', {
      type: 'DateTime',
      description: 'When they came in; for the first owner, when it began.',
    }),
    lastReadMessage: t.field({
      type: 'Message',
      nullable: true,
      description: 'The last message that they marked as read; null before the first.',
      resolve: ({ lastReadMessageId }, _, { messages }) => loadOptional(messages, lastReadMessageId),
    }),
  }),
})

export const { Connection: ParticipantConnection } = createConnection(
  'Participant',
  "conversation's people, by the time they joined",
)

interface GlobalParticipantKey {
  conversationId: string
  userId: string
}

function readParticipantKey({ conversationId, userId }: GlobalParticipantKey) {
  return { conversationId: readId('Conversation', conversationId), userId: readId('User', userId) }
}

const conversationIdDescription = 'The id of the conversation.'
const roleDescription = 'What they may do.'

builder.mutationFields((t) => ({
  addParticipant: t.field({
    type: ConversationResult,
    nullable: true,
    description:
      'Lets somebody take part, beginning where the viewer stands. Whoever takes part already in this role stays as they are; in another role, ' +
      'that is InvalidInput: `updateParticipant` changes it. Requires the OWNER role.',
    args: {
      conversationId: t.arg.id({ required: true, description: conversationIdDescription }),
      userId: t.arg.id({
        required: true,
        description:
          'The id of the user, as they find it themselves under `viewer { id }`. They need not share anything with the viewer yet.',
      }),
      role: t.arg({ type: ParticipantRole, required: true, description: roleDescription }),
    },
    resolve: (_, { role, ...key }, { chat, viewer }) =>
      conversationResult(chat.participants.add(viewer, { ...readParticipantKey(key), role })),
  }),
  updateParticipant: t.field({
    type: ConversationResult,
    nullable: true,
    description:
      'Changes what a participant may do. Of whoever becomes a VIEWER, the questions that wait for their turn are cancelled. ' +
      'The last OWNER cannot become anything else. Requires the OWNER role.',
    args: {
      conversationId: t.arg.id({ required: true, description: conversationIdDescription }),
      userId: t.arg.id({ required: true, description: 'The id of the user, who takes part.' }),
      role: t.arg({ type: ParticipantRole, required: true, description: roleDescription }),
    },
    resolve: (_, { role, ...key }, { chat, viewer }) =>
      conversationResult(chat.participants.setRole(viewer, { ...readParticipantKey(key), role })),
  }),
  removeParticipant: t.field({
    type: ConversationResult,
    nullable: true,
    description:
      'Lets a participant take part no longer: at once they see nothing of the conversation, and what they watch of it ends. What they wrote ' +
      'stays, under their name. Their questions that wait for their turn are cancelled; what is being answered already goes on. Requires the OWNER role; ' +
      'everybody may remove themselves, which is to leave. The last OWNER cannot go.',
    args: {
      conversationId: t.arg.id({ required: true, description: conversationIdDescription }),
      userId: t.arg.id({ required: true, description: 'The id of the user, who takes part; your own to leave.' }),
    },
    resolve: (_, key, { chat, viewer }) =>
      conversationResult(chat.participants.remove(viewer, readParticipantKey(key))),
  }),
}))

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
  description: 'A person in a conversation. All participants of the conversation can see each other.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.id({
      description: 'Opaque and global. A user who joins again gets the same id again.',
      resolve: writeParticipantId,
    }),
    user: t.field({
      type: 'User',
      description: 'The person.',
      resolve: ({ userId }, _, { users }) => loadExisting(users, userId),
    }),
    role: t.expose('role', { type: ParticipantRole, description: 'The role in the conversation.' }),
    joinedAt: t.expose('joinedAt', {
      type: 'DateTime',
      description: 'When they joined; for the first OWNER, when the conversation was created.',
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
      "Adds a user to the conversation, with the viewer's current leaf. If the user is already a participant with this role, nothing changes; with " +
      'another role, the result is InvalidInput, and `updateParticipant` changes the role. Requires the OWNER role.',
    args: {
      conversationId: t.arg.id({ required: true, description: conversationIdDescription }),
      userId: t.arg.id({
        required: true,
        description:
          'The id of the user, which they can read under `viewer { id }`. The user does not have to be visible to the viewer.',
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
      'Changes the role of a participant. The waiting questions of a participant who becomes a VIEWER are cancelled. ' +
      'The role of the last OWNER cannot be changed. Requires the OWNER role.',
    args: {
      conversationId: t.arg.id({ required: true, description: conversationIdDescription }),
      userId: t.arg.id({ required: true, description: 'The id of the user, who must be a participant.' }),
      role: t.arg({ type: ParticipantRole, required: true, description: roleDescription }),
    },
    resolve: (_, { role, ...key }, { chat, viewer }) =>
      conversationResult(chat.participants.setRole(viewer, { ...readParticipantKey(key), role })),
  }),
  removeParticipant: t.field({
    type: ConversationResult,
    nullable: true,
    description:
      'Removes a participant. They lose access to the conversation at once, and their subscriptions to it end. Their messages stay, under their ' +
      'name. Their waiting questions are cancelled, and their completions in progress continue. Requires the OWNER role; every participant can ' +
      'remove themselves to leave. The last OWNER cannot be removed.',
    args: {
      conversationId: t.arg.id({ required: true, description: conversationIdDescription }),
      userId: t.arg.id({
        required: true,
        description: 'The id of the user, who must be a participant; your own id to leave.',
      }),
    },
    resolve: (_, key, { chat, viewer }) =>
      conversationResult(chat.participants.remove(viewer, readParticipantKey(key))),
  }),
}))

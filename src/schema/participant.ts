import { builder } from './builder.ts'
import { createConnection } from './connection.ts'
import { loadExisting, loadOptional } from './context.ts'

export const ParticipantRole = builder.enumType('ParticipantRole', {
  description: 'What a participant may do. Each role includes those below it.',
  values: {
    OWNER: { description: 'Also manages people, and deletes the conversation.' },
    EDITOR: { description: 'Also writes, asks the model, cancels and edits.' },
    VIEWER: { description: 'Reads and watches.' },
  },
})

builder.objectType('Participant', {
  description: 'A person in a conversation.',
  fields: (t) => ({
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

export const ParticipantConnection = createConnection('Participant', "conversation's people, by the time they joined")

import type { Invitation } from '../chat/invitation.ts'
import { builder } from './builder.ts'
import { ConversationResult, conversationResult } from './conversation-result.ts'
import { createResult, failable } from './error.ts'
import { readId } from './global-id.ts'
import { ParticipantRole } from './participant.ts'

const CreateInvitationInput = builder.inputType('CreateInvitationInput', {
  description: 'Whom to let in, and until when.',
  fields: (t) => ({
    conversationId: t.id({ required: true, description: 'Where they are to take part.' }),
    role: t.field({
      type: ParticipantRole,
      required: true,
      description: 'What they may do there: EDITOR or VIEWER.',
    }),
    expiresAt: t.field({
      type: 'DateTime',
      description: 'Until when it lets people in: in the future, and within a year; absent: seven days from now.',
    }),
    maxUses: t.int({ description: 'How many people it lets in, from 1; absent: as many as come.' }),
  }),
})

const InvitationPayload = builder.objectRef<Invitation>('InvitationPayload').implement({
  description: 'An invitation. Whoever has its token may come in, so give it to nobody else.',
  fields: (t) => ({
    token: t.exposeString('token', {
      description: 'For `acceptInvitation`. It is in this answer only: nobody can ask for it again.',
    }),
    url: t.string({
      description: "The page's address with the token, to be sent to people; of the server as this request reached it.",
      resolve: ({ token }, _, { origin }) => `${origin}/#/join/${token}`,
    }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Until when it lets people in; never null for now.',
    }),
  }),
})

const InvitationResult = createResult('InvitationResult', 'An invitation, or why there is none.', InvitationPayload, [
  'INVALID_INPUT',
  'NOT_FOUND',
  'FORBIDDEN',
])

builder.mutationFields((t) => ({
  createInvitation: t.field({
    type: InvitationResult,
    description:
      'Makes a token that lets people come in by themselves. It holds as long as the viewer is an OWNER. Takes an OWNER.',
    args: { input: t.arg({ type: CreateInvitationInput, required: true, description: 'Whom to let in.' }) },
    resolve: (_, { input }, { chat, viewer }) => {
      const conversationId = readId('Conversation', input.conversationId)
      return failable(chat.invitations.create(viewer, { ...input, conversationId }))
    },
  }),
  acceptInvitation: t.field({
    type: ConversationResult,
    description:
      'Lets the viewer take part, beginning where the inviter stands. Whoever takes part already keeps their role, and uses up nothing. ' +
      'A token that is unknown, expired or used up is NotFound, and so is, for whoever was removed, one from before.',
    args: { token: t.arg.string({ required: true, description: 'The token, as `createInvitation` gave it.' }) },
    resolve: (_, { token }, { chat, viewer }) => conversationResult(chat.invitations.accept(viewer, token)),
  }),
}))

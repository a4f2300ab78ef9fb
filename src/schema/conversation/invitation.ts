import { type Invitation, maxOpenInvitations, type NewInvitation } from '../../chat/conversation/invitation.ts'
import { builder } from '../builder.ts'
import { loadExisting } from '../context.ts'
import { atMost } from '../cost.ts'
import { createResult, failable } from '../error.ts'
import { readId, writeId } from '../global-id.ts'
import { Node } from '../node.ts'
import { ConversationResult, conversationResult } from './conversation-result.ts'
import { ParticipantRole } from './participant.ts'

builder.objectType('Invitation', {
  description: 'It lets people into a conversation by its token. Only the OWNERs of the conversation see it.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.id({ description: 'Opaque and global.', resolve: ({ id }) => writeId('Invitation', id) }),
    role: t.expose('role', { type: ParticipantRole, description: 'What the people may do whom it lets in.' }),
    inviter: t.field({
      type: 'User',
      description: 'The person who made it. It lets people in as long as they are an OWNER.',
      resolve: ({ inviterId }, _, { users }) => loadExisting(users, inviterId),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'Until when it lets people in.' }),
    maxUses: t.exposeInt('maxUses', {
      nullable: true,
      description: 'How many people it lets in; null without a limit.',
    }),
    uses: t.exposeInt('uses', { description: 'How many people it has let in.' }),
    revokedAt: t.expose('revokedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was revoked; null when it was not.',
    }),
  }),
})

builder.objectField('Conversation', 'invitations', (t) =>
  t.field({
    type: ['Invitation'],
    nullable: true,
    extensions: atMost(maxOpenInvitations),
    description:
      'Those that still let people in, the latest first; 100 at most. ' +
      'null unless the viewer is an OWNER of the conversation.',
    resolve: ({ id }, _, { invitationsOfConversation }) => invitationsOfConversation.load(id),
  }),
)

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

const InvitationPayload = builder.objectRef<NewInvitation>('InvitationPayload').implement({
  description: 'An invitation. Whoever has its token may come in, so give it to nobody else.',
  fields: (t) => ({
    token: t.exposeString('token', {
      description: 'For `acceptInvitation`. It is in this answer only: nobody can ask for it again.',
    }),
    url: t.string({
      description: "The page's address with the token, to be sent to people; of the server as this request reached it.",
      resolve: ({ token }, _, { origin }) => `${origin}/#/join/${token}`,
    }),
    expiresAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'Until when it lets people in; never null for now.',
      resolve: ({ invitation }) => invitation.expiresAt,
    }),
    invitation: t.expose('invitation', {
      type: 'Invitation',
      description: 'What the OWNERs see of it later, too, and `revokeInvitation` ends.',
    }),
  }),
})

const InvitationResult = createResult('InvitationResult', 'An invitation, or why there is none.', InvitationPayload, [
  'INVALID_INPUT',
  'NOT_FOUND',
  'FORBIDDEN',
])

const RevokeInvitationPayload = builder.objectRef<{ invitation: Invitation }>('RevokeInvitationPayload').implement({
  description: 'It lets nobody in any more.',
  fields: (t) => ({ invitation: t.expose('invitation', { type: 'Invitation', description: 'As it is now.' }) }),
})

const RevokeInvitationResult = createResult(
  'RevokeInvitationResult',
  'An invitation that was revoked, or why there was none.',
  RevokeInvitationPayload,
  ['NOT_FOUND'],
)

builder.mutationFields((t) => ({
  createInvitation: t.field({
    type: InvitationResult,
    nullable: true,
    description:
      'Makes a token that lets people come in by themselves. It holds as long as the viewer is an OWNER. Requires the OWNER role.',
    args: { input: t.arg({ type: CreateInvitationInput, required: true, description: 'Whom to let in.' }) },
    resolve: (_, { input }, { chat, viewer }) => {
      const conversationId = readId('Conversation', input.conversationId)
      return failable(chat.invitations.create(viewer, { ...input, conversationId }))
    },
  }),
  revokeInvitation: t.field({
    type: RevokeInvitationResult,
    nullable: true,
    description:
      'Ends an invitation for good; whoever came in by it stays. Once more changes nothing. Requires the OWNER role; to everybody else the ' +
      'invitation does not exist.',
    args: { id: t.arg.id({ required: true, description: 'The id of the invitation.' }) },
    resolve: (_, { id }, { chat, viewer }) =>
      failable(chat.invitations.revoke(viewer, readId('Invitation', id)).then((invitation) => ({ invitation }))),
  }),
  acceptInvitation: t.field({
    type: ConversationResult,
    nullable: true,
    description:
      'Lets the viewer take part, beginning where the inviter stands. Whoever takes part already keeps their role, and uses up nothing. ' +
      'A token that is unknown, expired, revoked or used up is NotFound, and so is, for whoever was removed, one from before.',
    args: { token: t.arg.string({ required: true, description: 'The token, as `createInvitation` gave it.' }) },
    resolve: (_, { token }, { chat, viewer }) => conversationResult(chat.invitations.accept(viewer, token)),
  }),
}))

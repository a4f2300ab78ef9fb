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
  description:
    'With the token of an invitation people can join a conversation. Only the OWNERs of the conversation can see the invitation.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.id({ description: 'Opaque and global.', resolve: ({ id }) => writeId('Invitation', id) }),
    role: t.expose('role', { type: ParticipantRole, description: 'The role of everybody who joins with it.' }),
    inviter: t.field({
      type: 'User',
      description: 'The user who created it. It is valid only while this user is an OWNER.',
      resolve: ({ inviterId }, _, { users }) => loadExisting(users, inviterId),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was created.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When it expires.' }),
    maxUses: t.exposeInt('maxUses', {
      nullable: true,
      description: 'How many people can join with it; null without a limit.',
    }),
    uses: t.exposeInt('uses', { description: 'How many people have joined with it.' }),
    revokedAt: t.expose('revokedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was revoked; null if it was not.',
    }),
  }),
})

builder.objectField('Conversation', 'invitations', (t) =>
  t.field({
    type: ['Invitation'],
    nullable: true,
    extensions: atMost(maxOpenInvitations),
    description:
      'The invitations that are still valid, the latest first; 100 at most. ' +
      'null unless the viewer is an OWNER of the conversation.',
    resolve: ({ id }, _, { invitationsOfConversation }) => invitationsOfConversation.load(id),
  }),
)

const CreateInvitationInput = builder.inputType('CreateInvitationInput', {
  description: 'The properties of a new invitation.',
  fields: (t) => ({
    conversationId: t.id({ required: true, description: 'The id of the conversation.' }),
    role: t.field({
      type: ParticipantRole,
      required: true,
      description: 'The role of everybody who joins with it: EDITOR or VIEWER.',
    }),
    expiresAt: t.field({
      type: 'DateTime',
      description: 'When it expires: in the future, and within a year; absent: in seven days.',
    }),
    maxUses: t.int({ description: 'How many people can join with it, at least 1; absent: no limit.' }),
  }),
})

const InvitationPayload = builder.objectRef<NewInvitation>('InvitationPayload').implement({
  description: 'A new invitation. Everybody who has its token can join, so show it only to the people you invite.',
  fields: (t) => ({
    token: t.exposeString('token', {
      description: 'The token for `acceptInvitation`. It is only in this response and cannot be read again.',
    }),
    url: t.string({
      description: 'The URL of the page with the token, to be sent to people. Its host is the one of this request.',
      resolve: ({ token }, _, { origin }) => `${origin}/#/join/${token}`,
    }),
    expiresAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it expires; currently never null.',
      resolve: ({ invitation }) => invitation.expiresAt,
    }),
    invitation: t.expose('invitation', {
      type: 'Invitation',
      description: 'The invitation as the OWNERs can read it later, for `revokeInvitation`.',
    }),
  }),
})

const InvitationResult = createResult(
  'InvitationResult',
  'An invitation, or the reason why there is none.',
  InvitationPayload,
  ['INVALID_INPUT', 'NOT_FOUND', 'FORBIDDEN'],
)

const RevokeInvitationPayload = builder.objectRef<{ invitation: Invitation }>('RevokeInvitationPayload').implement({
  description: 'The invitation was revoked: nobody can join with it any more.',
  fields: (t) => ({
    invitation: t.expose('invitation', { type: 'Invitation', description: 'The invitation in its new state.' }),
  }),
})

const RevokeInvitationResult = createResult(
  'RevokeInvitationResult',
  'An invitation that was revoked, or the reason why none was.',
  RevokeInvitationPayload,
  ['NOT_FOUND'],
)

builder.mutationFields((t) => ({
  createInvitation: t.field({
    type: InvitationResult,
    nullable: true,
    description:
      'Creates a token with which people can join the conversation by themselves. It is valid while the viewer is an OWNER. Requires the OWNER role.',
    args: {
      input: t.arg({ type: CreateInvitationInput, required: true, description: 'The properties of the invitation.' }),
    },
    resolve: (_, { input }, { chat, viewer }) => {
      const conversationId = readId('Conversation', input.conversationId)
      return failable(chat.invitations.create(viewer, { ...input, conversationId }))
    },
  }),
  revokeInvitation: t.field({
    type: RevokeInvitationResult,
    nullable: true,
    description:
      'Revokes an invitation for good. People who have joined with it stay. Revoking it again changes nothing. Requires the OWNER role; for everybody ' +
      'else the invitation does not exist.',
    args: { id: t.arg.id({ required: true, description: 'The id of the invitation.' }) },
    resolve: (_, { id }, { chat, viewer }) =>
      failable(chat.invitations.revoke(viewer, readId('Invitation', id)).then((invitation) => ({ invitation }))),
  }),
  acceptInvitation: t.field({
    type: ConversationResult,
    nullable: true,
    description:
      "Makes the viewer a participant, with the inviter's current leaf. A viewer who is already a participant keeps their role, and the use is not " +
      'counted. A token that is unknown, expired, revoked or used up is NotFound. So is a token from before the removal of a viewer who was removed.',
    args: { token: t.arg.string({ required: true, description: 'The token from `createInvitation`.' }) },
    resolve: (_, { token }, { chat, viewer }) => conversationResult(chat.invitations.accept(viewer, token)),
  }),
}))

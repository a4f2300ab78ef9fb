import { conversationResult, inFailures } from './fragments.ts'

// The operations on the people of a conversation that the tests send, and the types of their results.

export const addParticipant = `mutation ($conversationId: ID!, $userId: ID!, $role: ParticipantRole!) {
  addParticipant(conversationId: $conversationId, userId: $userId, role: $role) { ...R }
} ${conversationResult}`

export const updateParticipant = `mutation ($conversationId: ID!, $userId: ID!, $role: ParticipantRole!) {
  updateParticipant(conversationId: $conversationId, userId: $userId, role: $role) { ...R }
} ${conversationResult}`

export const removeParticipant = `mutation ($conversationId: ID!, $userId: ID!) {
  removeParticipant(conversationId: $conversationId, userId: $userId) { ...R }
} ${conversationResult}`

export const createInvitation = `mutation ($input: CreateInvitationInput!) {
  createInvitation(input: $input) { ...F ... on InvitationPayload { token url expiresAt invitation { id } } }
} ${inFailures}`

export const acceptInvitation = `mutation ($token: String!) { acceptInvitation(token: $token) { ...R } } ${conversationResult}`

export const participants = `query ($id: ID!, $first: Int, $after: String) {
  conversation(id: $id) {
    participants(first: $first, after: $after) {
      edges { cursor node { id user { id name } role joinedAt lastReadMessage { id } } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
}`

export interface Invitation {
  token: string
  url: string
  expiresAt: string
  invitation: { id: string }
}

export interface Participant {
  id: string
  user: { id: string; name: string }
  role: string
  joinedAt: string
  lastReadMessage: { id: string } | null
}

import type { Completion, Failure } from './completion-documents.ts'
import { conversationFields, conversationResult, inFailures } from './fragments.ts'
import type { Message } from './message-documents.ts'

// The operations on conversations that the tests send, and the types of their results.

export const conversationEvents = `subscription ($id: ID!, $after: Cursor!) {
  conversationEvents(conversationId: $id, after: $after) {
    __typename conversationId cursor
    ... on MessageCreated { message { ...M } messageEdge { cursor node { id } } }
    ... on MessageDeleted { messageId }
    ... on CompletionStarted { completion { ...C } }
    ... on CompletionFinished { completion { ...C } }
    ... on ConversationUpdated { conversation { ...T } }
    ... on ParticipantsChanged { conversation { ...T } }
    ... on ConversationEventsRejected { error { ...F } }
  }
} ${conversationFields} ${inFailures}`

export const conversationNode = `query ($id: ID!) { node(id: $id) { ...T } } ${conversationFields}`

export const createConversation = `mutation ($input: CreateConversationInput!) {
  createConversation(input: $input) { ...R }
} ${conversationResult}`

export const updateConversation = `mutation ($id: ID!, $input: UpdateConversationInput!) {
  updateConversation(id: $id, input: $input) { ...R }
} ${conversationResult}`

export const deleteConversation = `mutation ($id: ID!) {
  deleteConversation(id: $id) { ...F ... on DeletePayload { deletedId } }
} ${inFailures}`

export const conversations = `query ($first: Int, $after: String, $last: Int, $before: String, $filter: ConversationFilter) {
  conversations(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
    edges { cursor node { ...T } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
} ${conversationFields}`

export interface Conversation {
  id: string
  title: string | null
  systemPrompt: string | null
  archivedAt: string | null
  viewerRole: string
  createdAt: string
  updatedAt: string
  defaults: Record<string, unknown>
  currentLeaf: { id: string } | null
  activeCompletions: { id: string }[]
}

export type ConversationEvent = { conversationId: string; cursor: string } & (
  | { __typename: 'MessageCreated'; message: Message; messageEdge: { cursor: string; node: { id: string } } | null }
  | { __typename: 'MessageDeleted'; messageId: string }
  | { __typename: 'CompletionStarted' | 'CompletionFinished'; completion: Completion }
  | { __typename: 'ConversationUpdated' | 'ParticipantsChanged'; conversation: Conversation }
  | { __typename: 'AccessRevoked' }
  | { __typename: 'ConversationEventsRejected'; error: Failure }
)

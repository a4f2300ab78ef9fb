import { conversationFields, inFailures, messageFields } from './fragments.ts'
import type { Connection } from './pages.ts'

// The operations on messages that the tests send, and the types of their results.

export const messageNode = `query ($id: ID!) { node(id: $id) { ...M } } ${messageFields}`

export const createMessage = `mutation ($input: CreateMessageInput!) {
  createMessage(input: $input) {
    ...F
    ... on MessagePayload {
      createdMessage {
        ...M
        author { name }
        parent { id }
        parts {
          __typename
          ... on TextPart { text }
          ... on ImagePart { url detail }
          ... on AudioPart { data format }
          ... on FilePart { fileId fileData filename }
        }
      }
    }
  }
} ${inFailures}`

export const deleteMessage = `mutation ($id: ID!) {
  deleteMessage(id: $id) { ...F ... on DeletePayload { deletedId } }
} ${inFailures}`

const changeOfPlace = (name: string) => `mutation ($messageId: ID!) {
  ${name}(messageId: $messageId) { ...F ... on ConversationPayload { conversation { ...T } } }
} ${conversationFields} ${inFailures}`

export const selectBranch = changeOfPlace('selectBranch')

export const markRead = changeOfPlace('markRead')

export const messages = `query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String, $leafId: ID) {
  conversation(id: $id) {
    messages(first: $first, after: $after, last: $last, before: $before, leafId: $leafId) {
      edges { cursor node { ...M parent { id } siblings { id } completion { id status } } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
} ${messageFields}`

export const searchMessages = `query ($query: String!, $conversationId: ID, $first: Int, $after: String) {
  searchMessages(query: $query, conversationId: $conversationId, first: $first, after: $after) {
    edges { cursor score excerpt { text isMatch } node { id content } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`

export interface Message {
  id: string
  role: string
  content: string | null
  name: string | null
  refusal: string | null
  reasoning: string | null
  json: unknown
  toolCallId: string | null
  choiceIndex: number | null
  status: 'STREAMING' | 'COMPLETE' | 'PARTIAL'
  toolCalls: { callId: string; type: string; name: string; arguments: string; json: unknown }[]
}

export interface WrittenMessage extends Message {
  author: { name: string } | null
  parent: { id: string } | null
  parts: object[]
}

export interface PathMessage extends Message {
  parent: { id: string } | null
  siblings: { id: string }[]
  completion: { id: string; status: string } | null
}

export interface FoundMessages extends Connection<{ id: string; content: string | null }> {
  edges: {
    cursor: string
    score: number
    excerpt: { text: string; isMatch: boolean }[]
    node: { id: string; content: string | null }
  }[]
}

// The operations that the tests of the whole server send, and the types of their results.

const messageFields = `fragment M on Message {
  id role content name refusal reasoning json toolCallId choiceIndex status
  toolCalls { callId type name arguments json }
}`

const completionFields = `fragment C on Completion {
  id upstreamId requestId created model modelUsed status systemFingerprint serviceTier parameters
  choices { index finishReason logprobs message { ...M } }
  usage { promptTokens completionTokens totalTokens cachedTokens reasoningTokens source }
  error { code message providerCode type param httpStatus retryable }
  conversation { id }
  requester { name }
  context { strategy promptTokens limit messagesCount omittedCount tooLong messages { id content } }
  attempts { upstream model httpStatus error }
  metadata { key value }
  firstTokenAt finishedAt
}`

const failureFields = `fragment F on Error {
  __typename message
  ... on InvalidInput { path }
  ... on ConversationBusy { completion { id status } }
  ... on ContextTooLong { report { strategy promptTokens limit messagesCount omittedCount tooLong messages { id content } } }
  ... on UpstreamError { code providerCode httpStatus param retryable requestId completion { ...C } }
}`

const conversationFields = `fragment T on Conversation {
  id title systemPrompt archivedAt viewerRole createdAt updatedAt
  defaults { model temperature topP maxTokens contextStrategy }
  currentLeaf { id }
  activeCompletions { id }
}`

const inCompletions = completionFields + messageFields
const inFailures = failureFields + inCompletions

const conversationResult = `fragment R on ConversationResult {
  ...F
  ... on ConversationPayload { conversation { ...T } }
} ${conversationFields} ${inFailures}`

export const createCompletion = `mutation ($input: CreateCompletionInput!) {
  createCompletion(input: $input) {
    ...F
    ... on CreateCompletionPayload { replayed conversation { id } completion { ...C } }
  }
} ${inFailures}`

export const contextPreview = `query ($input: CreateCompletionInput!) {
  contextPreview(input: $input) {
    ...F
    ... on ContextPreviewPayload {
      report { strategy promptTokens limit messagesCount omittedCount tooLong messages { id content } }
    }
  }
} ${inFailures}`

export const cancelCompletion = `mutation ($id: ID!) {
  cancelCompletion(id: $id) { ...F ... on CancelCompletionPayload { completion { ...C } } }
} ${inFailures}`

export const completionStream = `subscription ($input: CompletionStreamInput!) {
  completionStream(input: $input) {
    __typename completionId cursor
    ... on CompletionSnapshot { completion { ...C } choices { ...D } }
    ... on CompletionDelta { choices { ...D } }
    ... on CompletionEnded { completion { ...C } }
    ... on CompletionRejected { error { ...F } }
  }
}
fragment D on ChoiceDelta {
  index messageId content contentOffset refusal refusalOffset reasoning reasoningOffset logprobs logprobsOffset finishReason
  toolCalls { index callId name arguments argumentsOffset }
} ${inFailures}`

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

export const completionNode = `query ($id: ID!) { node(id: $id) { ...C } } ${inCompletions}`
export const messageNode = `query ($id: ID!) { node(id: $id) { ...M } } ${messageFields}`
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

export const conversations = `query ($first: Int, $after: String, $last: Int, $before: String, $filter: ConversationFilter) {
  conversations(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
    edges { cursor node { ...T } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
} ${conversationFields}`

const apiKeyFields = 'fragment K on ApiKey { id name prefix createdAt lastUsedAt expiresAt revokedAt }'

export const createApiKey = `mutation ($input: CreateApiKeyInput!) {
  createApiKey(input: $input) { ...F ... on CreateApiKeyPayload { secret apiKey { ...K } } }
} ${apiKeyFields} ${inFailures}`
export const revokeApiKey = `mutation ($id: ID!) {
  revokeApiKey(id: $id) { ...F ... on RevokeApiKeyPayload { apiKey { ...K } } }
} ${apiKeyFields} ${inFailures}`
export const apiKeyNode = `query ($id: ID!) { node(id: $id) { ...K } } ${apiKeyFields}`
export const viewerApiKeys = `{ viewer { apiKeys { ...K } } } ${apiKeyFields}`

export interface ApiKey {
  id: string
  name: string
  prefix: string
  createdAt: string
  lastUsedAt: string | null
  expiresAt: string | null
  revokedAt: string | null
}

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

export interface ContextReport {
  strategy: string
  promptTokens: number
  limit: number | null
  messagesCount: number
  omittedCount: number
  tooLong: boolean
  messages: { id: string; content: string | null }[]
}

export interface Completion {
  id: string
  upstreamId: string | null
  requestId: string | null
  created: number | null
  model: string
  modelUsed: string | null
  status: 'IN_PROGRESS' | 'COMPLETED' | 'CANCELLED' | 'FAILED' | 'INTERRUPTED'
  systemFingerprint: string | null
  serviceTier: string | null
  parameters: Record<string, unknown>
  choices: { index: number; finishReason: string | null; logprobs: unknown; message: Message }[]
  usage: Record<string, unknown> | null
  error: Record<string, unknown> | null
  conversation: { id: string } | null
  requester: { name: string }
  context: ContextReport
  attempts: { upstream: string; model: string; httpStatus: number | null; error: string | null }[]
  metadata: { key: string; value: string }[]
  firstTokenAt: string | null
  finishedAt: string | null
}

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

export type ConversationEvent = { conversationId: string; cursor: string } & (
  | { __typename: 'MessageCreated'; message: Message; messageEdge: { cursor: string; node: { id: string } } | null }
  | { __typename: 'MessageDeleted'; messageId: string }
  | { __typename: 'CompletionStarted' | 'CompletionFinished'; completion: Completion }
  | { __typename: 'ConversationUpdated' | 'ParticipantsChanged'; conversation: Conversation }
  | { __typename: 'AccessRevoked' }
  | { __typename: 'ConversationEventsRejected'; error: Failure }
)

/** A member of a result union that is an error. Its fields other than the message depend on its type. */
export interface Failure {
  __typename: string
  message: string
  path?: string
  code?: string
  retryable?: boolean
  requestId?: string | null
  completion?: Completion
  report?: object
}

export interface Connection<Node> {
  edges: { cursor: string; node: Node }[]
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null }
}

export interface FoundMessages extends Connection<{ id: string; content: string | null }> {
  edges: {
    cursor: string
    score: number
    excerpt: { text: string; isMatch: boolean }[]
    node: { id: string; content: string | null }
  }[]
}

export interface ToolCallDelta {
  index: number
  callId: string | null
  name: string | null
  arguments: string
  argumentsOffset: number
}

export interface ChoiceDelta {
  index: number
  messageId: string
  content: string
  contentOffset: number
  refusal: string
  refusalOffset: number
  reasoning: string
  reasoningOffset: number
  logprobs: { content: unknown[]; refusal: unknown[] } | null
  logprobsOffset: { content: number; refusal: number } | null
  finishReason: string | null
  toolCalls: ToolCallDelta[]
}

export type CompletionEvent = { completionId: string; cursor: string } & (
  | { __typename: 'CompletionSnapshot'; completion: Completion; choices: ChoiceDelta[] }
  | { __typename: 'CompletionDelta'; choices: ChoiceDelta[] }
  | { __typename: 'CompletionEnded'; completion: Completion }
  | { __typename: 'CompletionRejected'; error: Failure }
)

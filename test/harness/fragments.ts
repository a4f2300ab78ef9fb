// The fragments that several operations of the tests share.

export const messageFields = `fragment M on Message {
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

export const conversationFields = `fragment T on Conversation {
  id title systemPrompt archivedAt viewerRole createdAt updatedAt
  defaults { model temperature topP maxTokens contextStrategy }
  currentLeaf { id }
  activeCompletions { id }
}`

export const inCompletions = completionFields + messageFields

export const inFailures = failureFields + inCompletions

export const conversationResult = `fragment R on ConversationResult {
  ...F
  ... on ConversationPayload { conversation { ...T } }
} ${conversationFields} ${inFailures}`

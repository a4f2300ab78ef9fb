export const kinds = ['User', 'ApiKey', 'Invitation', 'Conversation', 'Participant', 'Message', 'Completion'] as const

export type Kind = (typeof kinds)[number]

/** What a text in an argument names, by which somebody could reach for what is not theirs. */
export type Meaning = Kind | 'Node' | 'cursor' | 'key' | 'token' | 'words' | 'text'

// Every argument and every field of an input that takes a text, by its place. An argument or field that is not here
// makes the isolation tests fail: say here what it names, and it is tried like all others of its meaning.
const taught: Record<Meaning, string> = {
  Node: 'Query.node(id) Query.nodes(ids)',
  User: `Mutation.addParticipant(userId) Mutation.updateParticipant(userId) Mutation.removeParticipant(userId)`,
  ApiKey: 'Mutation.revokeApiKey(id)',
  Invitation: 'Mutation.revokeInvitation(id)',
  Conversation: `Query.conversation(id) Query.searchMessages(conversationId) Query.usage(conversationId) Mutation.updateConversation(id)
    Mutation.deleteConversation(id) Mutation.addParticipant(conversationId) Mutation.updateParticipant(conversationId)
    Mutation.removeParticipant(conversationId) Subscription.conversationEvents(conversationId) CreateMessageInput.conversationId
    Subscription.conversationPresence(conversationId) Mutation.announceTyping(conversationId)
    CreateCompletionInput.conversationId CreateInvitationInput.conversationId`,
  Participant: '',
  Message: `Conversation.messages(leafId) CreateMessageInput.parentId CreateMessageInput.replaces
    CreateCompletionInput.parentId Mutation.deleteMessage(id) Mutation.selectBranch(messageId) Mutation.markRead(messageId)`,
  Completion: 'Query.completion(id) Mutation.cancelCompletion(id) WatchStreamInput.completionId',
  cursor: `Query.conversations(after) Query.conversations(before) Query.searchMessages(after)
    Conversation.messages(after) Conversation.messages(before) Conversation.participants(after) Subscription.conversationEvents(after)
    WatchStreamInput.after`,
  key: 'CreateMessageInput.idempotencyKey CreateCompletionInput.idempotencyKey StartStreamInput.idempotencyKey',
  token: 'Mutation.acceptInvitation(token)',
  words: 'Query.searchMessages(query) ConversationFilter.titleContains',
  // Keys are each user's own, and what is made by that one is in nobody else's conversation.
  text: `Query.usage(timeZone) CreateConversationInput.idempotencyKey CreateConversationInput.title CreateConversationInput.systemPrompt UpdateConversationInput.title
    UpdateConversationInput.systemPrompt CompletionDefaultsInput.model CreateApiKeyInput.name
    CreateCompletionInput.extraBody CreateCompletionInput.model CreateCompletionInput.seed
    CreateCompletionInput.serviceTier CreateCompletionInput.stop CreateCompletionInput.user
    MessageInput.content MessageInput.name MessageInput.toolCallId
    ContentPartInput.text AudioInput.data AudioInput.format ImageInput.url
    FileInput.fileData FileInput.fileId FileInput.filename
    KeyValueInput.key KeyValueInput.value JsonSchemaInput.description JsonSchemaInput.name JsonSchemaInput.schema
    ToolCallInput.arguments ToolCallInput.callId ToolCallInput.name ToolChoiceInput.function
    ToolInput.description ToolInput.name ToolInput.parameters`,
}

const meanings = new Map(
  Object.entries(taught).flatMap(([meaning, places]) =>
    places.split(/\s+/).map((place) => [place, meaning as Meaning]),
  ),
)

export function meaningOf(place: string): Meaning | undefined {
  return meanings.get(place)
}

export function isKind(meaning: Meaning): meaning is Kind {
  return kinds.some((kind) => kind === meaning)
}

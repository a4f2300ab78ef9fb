import type { Database } from '../database/database.ts'
import { type AnswerLog, createAnswerLog } from './answer-log/answer-log.ts'
import { createAnswerLogFiles } from './answer-log/answer-log-files.ts'
import { type ApiKeys, createApiKeys } from './api-key.ts'
import { type Branches, createBranches } from './branch.ts'
import { type Completions, createCompletions } from './completion.ts'
import { type CompletionRequests, createCompletionRequests } from './completion-request.ts'
import { type Conversations, createConversations } from './conversation.ts'
import { type ConversationEvents, createConversationEvents } from './conversation-event.ts'
import { type ConversationLists, createConversationLists } from './conversation-list.ts'
import { createInvitations, type Invitations } from './invitation.ts'
import { createMessages, type Messages } from './message.ts'
import { createParticipants, type Participants } from './participant.ts'
import { createQueue, type Queue } from './queue.ts'
import { createReplicas, type Replicas } from './replica.ts'
import { createMessageSearch, type MessageSearch } from './search/message-search.ts'
import { createStoredCompletions, type StoredCompletions } from './stored-completion.ts'
import { createTitles, type Titles } from './title.ts'
import { createUsages, type Usages } from './usage/usage.ts'
import { createUsers, type Users } from './user.ts'

export interface Store {
  users: Users
  apiKeys: ApiKeys
  conversations: Conversations
  conversationEvents: ConversationEvents
  conversationLists: ConversationLists
  participants: Participants
  invitations: Invitations
  branches: Branches
  messages: Messages
  messageSearch: MessageSearch
  completions: Completions
  completionRequests: CompletionRequests
  storedCompletions: StoredCompletions
  queue: Queue
  titles: Titles
  usages: Usages
  answerLog: AnswerLog
  replicas: Replicas
}

export function createStore(database: Database): Store {
  return {
    users: createUsers(database),
    apiKeys: createApiKeys(database),
    conversations: createConversations(database),
    conversationEvents: createConversationEvents(database),
    conversationLists: createConversationLists(database),
    participants: createParticipants(database),
    invitations: createInvitations(database),
    branches: createBranches(database),
    messages: createMessages(database),
    messageSearch: createMessageSearch(database),
    completions: createCompletions(database),
    completionRequests: createCompletionRequests(database),
    storedCompletions: createStoredCompletions(database),
    queue: createQueue(database),
    titles: createTitles(database),
    usages: createUsages(database),
    answerLog: createLog(database),
    replicas: createReplicas(database),
  }
}

// Other replicas can read a table. The embedded database has only one replica, and for that files cost less.
function createLog(database: Database): AnswerLog {
  return database.folder === null ? createAnswerLog(database) : createAnswerLogFiles(database.folder, database)
}

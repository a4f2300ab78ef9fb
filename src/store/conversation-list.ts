import type { Database } from '../database/database.ts'
import { type Columns, statement } from '../database/statement.ts'

/** A conversation in the list of a user. */
export interface ListedConversation {
  userId: string
  conversationId: string
  /** The number of the conversation's last event. If it has not changed, nothing that a list shows has changed. */
  lastEvent: number
}

export interface ConversationLists {
  /** The lists of these users. Each list has at most `most` conversations, the newest ones. */
  ofUsers(userIds: readonly string[], most: number): Promise<ListedConversation[]>
  /** Finds in whose lists these conversations are. */
  ofConversations(conversationIds: readonly string[]): Promise<ListedConversation[]>
}

const columns: Columns<ListedConversation> = { userId: 'text', conversationId: 'text', lastEvent: 'number' }
const list = `listed.user_id AS "userId", listed.conversation_id AS "conversationId", c.last_event AS "lastEvent"`

const ofUsersSql = statement<ListedConversation>(
  `
  SELECT ${list} FROM unnest($1::uuid[]) AS asked(user_id), LATERAL (
    SELECT p.user_id, p.conversation_id FROM participants p WHERE p.user_id = asked.user_id
    ORDER BY p.conversation_id DESC LIMIT $2::int
  ) listed, LATERAL (SELECT last_event FROM conversations WHERE id = listed.conversation_id OFFSET 0) c`,
  columns,
)

const ofConversationsSql = statement<ListedConversation>(
  `
  SELECT ${list} FROM unnest($1::uuid[]) AS asked(id), LATERAL (
    SELECT id, last_event FROM conversations WHERE id = asked.id OFFSET 0
  ) c, LATERAL (SELECT user_id, conversation_id FROM participants WHERE conversation_id = c.id OFFSET 0) listed`,
  columns,
)

export function createConversationLists({ query }: Database): ConversationLists {
  return {
    ofUsers: (userIds, most) => query(ofUsersSql, [userIds, most]),
    ofConversations: (conversationIds) => query(ofConversationsSql, [conversationIds]),
  }
}

import type { Database } from '../database/database.ts'
import { statement } from '../database/statement.ts'

/** From what a conversation without a title can be given one. */
export interface TitleGrounds {
  conversationId: string
  /** The first that a person wrote; null where that is no text. */
  question: string | null
  answer: string | null
  /** No other answer in it came whole before. */
  isFirst: boolean
}

export interface Titles {
  /** null where the completion's conversation has a title, or is gone. */
  grounds(completionId: string): Promise<TitleGrounds | null>
  /** False where it has one by now: what a person has written stays. */
  give(conversationId: string, title: string): Promise<boolean>
  /** Takes it away where it is still this one. */
  withdraw(conversationId: string, title: string): Promise<void>
}

const groundsSql = statement<TitleGrounds>(
  `
  SELECT c.id AS "conversationId", (
      SELECT m.content FROM messages m WHERE m.conversation_id = c.id AND m.role = 'USER' AND m.content IS NOT NULL
        AND m.deleted_at IS NULL ORDER BY m.id LIMIT 1
    ) AS question,
    (SELECT m.content FROM messages m WHERE m.completion_id = own.id ORDER BY m.choice_index LIMIT 1) AS answer,
    NOT EXISTS (
      SELECT FROM completions o WHERE o.conversation_id = c.id AND o.status = 'COMPLETED' AND o.id <> own.id
    ) AS "isFirst"
  FROM completions own JOIN conversations c ON c.id = own.conversation_id WHERE own.id = $1 AND c.title IS NULL`,
  { conversationId: 'text', question: 'text', answer: 'text', isFirst: 'boolean' },
)

// Not by recordEvents: one statement changes a row only once.
const changeSql = (title: string, condition: string) =>
  statement(`
  WITH titled AS (
    UPDATE conversations SET title = ${title}, updated_at = now(), last_event = last_event + 1
    WHERE id = $1 AND ${condition} RETURNING id, last_event
  )
  INSERT INTO conversation_events (conversation_id, sequence, kind)
  SELECT id, last_event, 'CONVERSATION_UPDATED' FROM titled RETURNING sequence`)

const giveSql = changeSql('$2', 'title IS NULL')
const withdrawSql = changeSql('NULL', 'title = $2')

export function createTitles({ query }: Database): Titles {
  return {
    grounds: async (completionId) => (await query(groundsSql, [completionId]))[0] ?? null,
    give: async (conversationId, title) => (await query(giveSql, [conversationId, title])).length === 1,
    async withdraw(conversationId, title) {
      await query(withdrawSql, [conversationId, title])
    },
  }
}

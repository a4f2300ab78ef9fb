import type { Database } from '../database/database.ts'
import { statement } from '../database/statement.ts'

/** The texts from which the title of a conversation is made. */
export interface TitleGrounds {
  conversationId: string
  /** The first message of a person; null if it is not text. */
  question: string | null
  answer: string | null
  /** True if no other answer in the conversation was completed before. */
  isFirst: boolean
}

export interface Titles {
  /** Resolves with null if the conversation has a title, or was deleted. */
  grounds(completionId: string): Promise<TitleGrounds | null>
  /** Resolves with false if the conversation has got a title meanwhile: a title that a person has written stays. */
  give(conversationId: string, title: string): Promise<boolean>
  /** Removes the title if it is still this one. */
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

// recordEvents cannot be used, because one statement can change a row only once.
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

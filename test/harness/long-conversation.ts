import { v7 as uuid } from 'uuid'
import { readSettings } from '../../src/config.ts'
import { openDatabase } from '../../src/database/database.ts'
import type { Environment } from './server-process.ts'

const rowsAtOnce = 10_000

/** The messages that are appended to a conversation. */
export interface Growth {
  conversationId: string
  count: number
  content: string
}

/**
 * Appends messages to an empty conversation directly in the database, because writing them one by one would take minutes.
 * `query` sends a statement to the database. Returns the global ids of the messages, oldest first.
 */
export async function growConversation(
  query: (text: string, values: unknown[]) => Promise<unknown>,
  { conversationId, count, content }: Growth,
): Promise<string[]> {
  const [, storedId] = Buffer.from(conversationId, 'base64url').toString().split(':')
  const ids = Array.from({ length: count }, () => uuid())
  const parents = [null, ...ids]
  for (let from = 0; from < count; from += rowsAtOnce) {
    const rows = [ids, parents.slice(0, count)].map((values) => values.slice(from, from + rowsAtOnce))
    await query(
      `INSERT INTO messages (id, conversation_id, parent_id, role, content, status)
       SELECT id, $1, parent_id, 'USER', $2, 'COMPLETE' FROM unnest($3::uuid[], $4::uuid[]) AS m(id, parent_id)`,
      [storedId, content, ...rows],
    )
  }
  await query('UPDATE participants SET current_leaf_id = $1 WHERE conversation_id = $2', [ids.at(-1), storedId])
  await query('ANALYZE', [])
  return ids.map((id) => Buffer.from(`Message:${id}`).toString('base64url'))
}

/** Does the same for a database that no server has open. */
export async function growStoredConversation(settings: Environment, growth: Growth): Promise<string[]> {
  const database = await openDatabase(readSettings(settings))
  try {
    return await growConversation(database.query, growth)
  } finally {
    await database.close()
  }
}

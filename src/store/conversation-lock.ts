import type { Database } from '../database/database.ts'
import { type Statement, statement } from '../database/statement.ts'

/**
 * Every statement that writes in a conversation locks its participants first, then its completions, then the conversation. So
 * writers run one after the other, and the fixed order makes deadlocks impossible. A locking read returns the current row, and
 * not the row as it was when the statement began: if a row was changed while the statement waited for its lock, Postgres reads
 * it again.
 */
export const lockParticipants = (conversationId: string) => `
    SELECT user_id, role, current_leaf_id FROM participants WHERE conversation_id = ${conversationId}
    ORDER BY user_id FOR NO KEY UPDATE`

// This is a separate statement, because the statement after it sees everything that was committed before the lock was granted.
// A statement that takes the lock itself would see the database as it was before the wait.
const lockSql = statement(lockParticipants('$1::uuid'))

/** Runs a statement in a transaction that holds the conversation's lock, and returns the statement's first row. */
export async function withConversationLock<Row>(
  { prisma }: Database,
  conversationId: string,
  text: Statement<Row>,
  values: readonly (string | number | boolean | null)[],
): Promise<Row | null> {
  const [, [row]] = await prisma.$transaction([
    prisma.$queryRawUnsafe(lockSql, conversationId),
    prisma.$queryRawUnsafe<Row[]>(text, ...values),
  ])
  return row ?? null
}

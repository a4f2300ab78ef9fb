import type { Database } from '../database/database.ts'
import { type Statement, statement } from '../database/statement.ts'

/**
 * Whoever writes in a conversation has its participants to himself, and locks them before its completions and the
 * conversation: so writers go one after the other, and never wait for each other. What is read here is a row of now, where
 * one that was changed while this waited is read again, and not that of the statement's begin.
 */
export const lockParticipants = (conversationId: string) => `
    SELECT user_id, role, current_leaf_id FROM participants WHERE conversation_id = ${conversationId}
    ORDER BY user_id FOR NO KEY UPDATE`

// The statement after it sees all that was committed before, which one that locks by itself would not.
const lockSql = statement(lockParticipants('$1::uuid'))

/** The first row of a statement that has the conversation to itself. */
export async function alone<Row>(
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

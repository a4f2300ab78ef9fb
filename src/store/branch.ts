import type { Database } from '../database/database.ts'
import { type Statement, statement } from '../database/statement.ts'
import { withConversationLock } from './conversation-lock.ts'
import { climbing, steps } from './path-sql.ts'

/** A message, and the viewer who chooses it. */
export interface BranchChoice {
  viewerId: string
  conversationId: string
  messageId: string
}

/** Both resolve with false if the message was deleted, or if the viewer is no longer a participant. */
export interface Branches {
  /** The current leaf stays if it is below the message, else it becomes the newest message below it, which is a leaf. */
  select(choice: BranchChoice): Promise<boolean>
  /** The read position becomes the message, unless it is a later one already. */
  markRead(choice: BranchChoice): Promise<boolean>
}

const target = `
  target AS (
    SELECT m.id, m.conversation_id, m.depth, p.user_id, p.current_leaf_id FROM messages m
    JOIN participants p ON p.conversation_id = m.conversation_id AND p.user_id = $2::uuid
    WHERE m.conversation_id = $1::uuid AND m.id = $3::uuid AND m.deleted_at IS NULL
  )`

// Ids grow with time. Usually one of the newest messages is below the message. To find the newest message of a branch that was
// left long ago, the whole branch is read.
const selectSql = statement(`
  WITH RECURSIVE ${steps}, ${target}, goals AS (
    SELECT recent.id AS origin, recent.id AS leaf_id, target.id, target.depth FROM target, LATERAL (
      SELECT id FROM messages m WHERE m.conversation_id = target.conversation_id AND m.deleted_at IS NULL ORDER BY id DESC LIMIT 64
    ) recent
    UNION SELECT m.id, m.id, target.id, target.depth FROM target
    JOIN messages m ON m.id = target.current_leaf_id AND m.depth > target.depth
  ), ${climbing('goals')}, near AS (
    SELECT climb.origin AS id, climb.origin IS NOT DISTINCT FROM target.current_leaf_id AND climb.origin <> target.id AS is_own
    FROM climb, target WHERE climb.id = goal_id
  ), below AS (
    SELECT id, conversation_id FROM target WHERE NOT EXISTS (SELECT FROM near)
    UNION ALL
    SELECT m.* FROM below, LATERAL (
      SELECT id, conversation_id FROM messages m
      WHERE m.conversation_id = below.conversation_id AND m.parent_id = below.id AND m.deleted_at IS NULL OFFSET 0
    ) m
  ), leaf AS (
    SELECT id FROM (SELECT id, is_own FROM near UNION ALL SELECT id, false FROM below) candidate ORDER BY is_own DESC, id DESC LIMIT 1
  )
  UPDATE participants p SET current_leaf_id = leaf.id FROM leaf, target
  WHERE p.conversation_id = target.conversation_id AND p.user_id = target.user_id RETURNING p.user_id::text`)

const markReadSql = statement(`
  WITH ${target}
  UPDATE participants p
  SET last_read_message_id = CASE WHEN p.last_read_message_id > target.id THEN p.last_read_message_id ELSE target.id END
  FROM target WHERE p.conversation_id = target.conversation_id AND p.user_id = target.user_id RETURNING p.user_id::text`)

export function createBranches(database: Database): Branches {
  const change = (text: Statement<unknown>) => async (choice: BranchChoice) =>
    (await withConversationLock(database, choice.conversationId, text, [
      choice.conversationId,
      choice.viewerId,
      choice.messageId,
    ])) !== null
  return { select: change(selectSql), markRead: change(markReadSql) }
}

import type { Database } from '../database/database.ts'
import { listOf, statement } from '../database/statement.ts'
import { type Completion, type CompletionRow, completionOf } from './completion.ts'
import { completionColumns, selectCompletions } from './completion-sql.ts'
import { isLeft } from './replica.ts'

/**
 * TAKEN: the completion has the turn. WAITING: another completion has the turn, or has waited longer. LOST: another replica has
 * taken the completion over, or may do so. CANCELLED: the cancellation was requested, or the conversation was deleted.
 * DISPLACED: the completion has the turn, but the message that it answers or all of its own empty answers were deleted.
 */
export type Turn = 'TAKEN' | 'WAITING' | 'LOST' | 'CANCELLED' | 'DISPLACED'

export interface QueuedCompletion {
  completion: Completion
  /** The request that was passed to `insert`. */
  request: string
}

/** The completions that wait for their turn. None of them was sent upstream. */
export interface Queue {
  /** The completion that has the turn in a conversation. */
  running(conversationId: string): Promise<Completion | null>
  /** How many completions wait in a conversation. */
  length(conversationId: string): Promise<number>
  /** Requests the turn for completions that wait at this replica, and returns the result of each: at most one gets it. */
  takeTurn(ids: readonly string[], replicaId: string): Promise<Map<string, Turn>>
  /**
   * Takes over the completions of lost and stopping replicas, and those of this one that are not in the list. Only one replica
   * gets each.
   */
  claim(replicaId: string, but: readonly string[]): Promise<QueuedCompletion[]>
  /** Releases all waiting completions of this replica to others. */
  release(replicaId: string): Promise<void>
}

const isWaiting = `c.status = 'IN_PROGRESS' AND c.turn_id IS NULL`
const isServing = (replicaId: string) => `EXISTS (SELECT FROM replicas WHERE id = ${replicaId} AND fenced_at IS NULL)`

// An error of the unique index on turn_id means that another completion has the turn. Between two replicas the lock on the
// completion's row decides: the second one checks the row again.
const takeTurnSql = statement<{ id: string; turn: Turn }>(
  `
  WITH taken AS (
    UPDATE completions c SET turn_id = c.conversation_id FROM queued_completions own
    WHERE c.id = ANY($1::uuid[]) AND own.completion_id = c.id AND ${isWaiting} AND c.replica_id = $2 AND ${isServing('$2')}
      AND c.cancel_requested_at IS NULL
      AND NOT EXISTS (SELECT FROM completions o WHERE o.turn_id = c.conversation_id)
      AND NOT EXISTS (SELECT FROM queued_completions o WHERE o.conversation_id = c.conversation_id AND o.place < own.place)
    RETURNING c.id,
      EXISTS (SELECT FROM messages m WHERE m.completion_id = c.id AND m.deleted_at IS NULL)
        AND EXISTS (SELECT FROM messages m WHERE m.id = c.parent_id AND m.deleted_at IS NULL) AS has_place
  ), gone AS (DELETE FROM queued_completions q USING taken WHERE q.completion_id = taken.id)
  SELECT c.id, CASE
    WHEN NOT taken.has_place THEN 'DISPLACED' WHEN taken.id IS NOT NULL THEN 'TAKEN'
    WHEN NOT (${isWaiting} AND c.replica_id IS NOT DISTINCT FROM $2 AND ${isServing('$2')}) THEN 'LOST'
    WHEN c.cancel_requested_at IS NOT NULL OR c.deleted_at IS NOT NULL THEN 'CANCELLED' ELSE 'WAITING' END AS turn
  FROM completions c LEFT JOIN taken ON taken.id = c.id WHERE c.id = ANY($1::uuid[])`,
  { id: 'text', turn: 'text' },
)

const claimSql = statement<CompletionRow & { request: string }>(
  `
  UPDATE completions c SET replica_id = $1 FROM queued_completions q
  WHERE q.completion_id = c.id AND ${isWaiting} AND c.id <> ALL($2::uuid[]) AND ${isServing('$1')}
    AND (c.replica_id = $1 OR ${isLeft})
  RETURNING ${listOf('c', completionColumns)}, q.request`,
  { ...completionColumns, request: 'text' },
)

const releaseSql = statement(`
  UPDATE completions c SET replica_id = NULL FROM queued_completions q
  WHERE q.completion_id = c.id AND ${isWaiting} AND c.replica_id = $1`)

const runningSql = statement<CompletionRow>(`${selectCompletions} WHERE c.turn_id = $1`, completionColumns)

export function createQueue({ prisma, query, queryEnding }: Database): Queue {
  return {
    async running(conversationId) {
      const rows = await query(runningSql, [conversationId])
      return rows.map(completionOf)[0] ?? null
    },
    length: (conversationId) => prisma.queuedCompletion.count({ where: { conversationId } }),
    async takeTurn(ids, replicaId) {
      const rows = await query(takeTurnSql, [ids, replicaId])
      return new Map(rows.map(({ id, turn }) => [id, turn]))
    },
    async claim(replicaId, but) {
      const rows = await queryEnding(claimSql, [replicaId, but])
      return rows.map(({ request, ...row }) => ({ completion: completionOf(row), request }))
    },
    async release(replicaId) {
      await queryEnding(releaseSql, [replicaId])
    },
  }
}

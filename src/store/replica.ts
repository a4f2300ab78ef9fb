import type { Database } from '../database/database.ts'
import { statement } from '../database/statement.ts'
import { type Completion, type CompletionRow, completionOf } from './completion.ts'
import { completionColumns, selectCompletions } from './completion-sql.ts'

export interface Lease {
  /** The id of the replica. */
  id: string
  /** The timestamp as a text of the database, which has more digits than a Date. */
  until: string
}

export interface Replicas {
  join(replica: { id: string; name: string; leaseMs: number }): Promise<void>
  /** The leases of the other replicas that are not fenced. */
  leases(id: string): Promise<Lease[]>
  /** Fences a replica, unless its lease was renewed since it was read or has not run out by the database's clock. */
  fence(lease: Lease): Promise<void>
  /** Fences all other replicas, for a database that only one process can open. */
  fenceOthers(id: string): Promise<void>
  /** Fences this replica, and deletes fenced replicas that have no completions any more. */
  leave(id: string): Promise<void>
  /** The ids of the completions that a replica streams, without those that wait for their turn. */
  streaming(id: string): Promise<string[]>
  /** The completions of fenced and deleted replicas that have no end yet. */
  orphans(): Promise<Completion[]>
}

const forgetSql = statement(`
  DELETE FROM replicas WHERE fenced_at IS NOT NULL
  AND NOT EXISTS (SELECT FROM completions WHERE completions.replica_id = replicas.id)`)

// True if the replica is fenced or not in the table: a replica that was suspended may insert a completion after it was fenced
// and deleted.
export const isLeft = `NOT EXISTS (SELECT FROM replicas r WHERE r.id = c.replica_id AND r.fenced_at IS NULL)`

const isStreamed = `c.status = 'IN_PROGRESS' AND NOT EXISTS (SELECT FROM queued_completions q WHERE q.completion_id = c.id)`
const streamingSql = statement<{ id: string }>(
  `SELECT c.id FROM completions c WHERE c.replica_id = $1 AND ${isStreamed}`,
  { id: 'text' },
)
const orphansSql = statement<CompletionRow>(
  `${selectCompletions} WHERE c.replica_id IS NOT NULL AND ${isLeft} AND ${isStreamed}`,
  completionColumns,
)

const joinSql = statement(
  `INSERT INTO replicas (id, name, lease_until) VALUES ($1, $2, now() + $3::int * interval '1 millisecond')`,
)
const leasesSql = statement<Lease>(
  'SELECT id, lease_until::text AS until FROM replicas WHERE fenced_at IS NULL AND id <> $1',
  { id: 'text', until: 'text' },
)
const fenceSql = statement(`
  UPDATE replicas SET fenced_at = now()
  WHERE id = $1 AND fenced_at IS NULL AND lease_until = $2::timestamptz AND lease_until < now()`)
const fenceOthersSql = statement('UPDATE replicas SET fenced_at = now() WHERE fenced_at IS NULL AND id <> $1')
const leaveSql = statement('UPDATE replicas SET fenced_at = now() WHERE id = $1')

export function createReplicas({ query, queryEnding }: Database): Replicas {
  return {
    async join({ id, name, leaseMs }) {
      // This is written even while the disk is nearly full, because a replica that ends the answers of others needs a lease
      // itself.
      await queryEnding(joinSql, [id, name, leaseMs])
    },
    leases: (id) => query(leasesSql, [id]),
    async fence({ id, until }) {
      await query(fenceSql, [id, until])
    },
    async fenceOthers(id) {
      await queryEnding(fenceOthersSql, [id])
    },
    async leave(id) {
      await queryEnding(leaveSql, [id])
      await queryEnding(forgetSql)
    },
    streaming: async (id) => (await query(streamingSql, [id])).map((row) => row.id),
    orphans: async () => (await query(orphansSql)).map(completionOf),
  }
}

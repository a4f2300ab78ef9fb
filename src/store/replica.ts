import type { Database } from '../database/database.ts'
import { statement } from '../database/statement.ts'
import { type Completion, type CompletionRow, completionOf } from './completion.ts'
import { completionColumns, selectCompletions } from './completion-sql.ts'

export interface Lease {
  /** The replica's. */
  id: string
  /** As the database writes it: it has more digits than a Date. */
  until: string
}

export interface Replicas {
  join(replica: { id: string; name: string; leaseMs: number }): Promise<void>
  /** Of the others that are not fenced. */
  leases(id: string): Promise<Lease[]>
  /** Unless the lease was renewed since it was read, or has time left by the database's clock. */
  fence(lease: Lease): Promise<void>
  /** Fences all but this one: for a database that only one process can open. */
  fenceOthers(id: string): Promise<void>
  /** Fences this one and forgets those that left nothing to end. */
  leave(id: string): Promise<void>
  /** The ids of what it streams; without what waits for its turn. */
  streaming(id: string): Promise<string[]>
  /** What fenced and forgotten ones streamed and nobody has ended. */
  orphans(): Promise<Completion[]>
}

const forgetSql = statement(`
  DELETE FROM replicas WHERE fenced_at IS NOT NULL
  AND NOT EXISTS (SELECT FROM completions WHERE completions.replica_id = replicas.id)`)

// Its replica was fenced, or is not even known: one that slept may begin an answer when it is fenced and forgotten already.
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
      // Whoever ends what others left has to be there itself.
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

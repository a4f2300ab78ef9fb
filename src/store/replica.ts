import type { Database } from '../database/database.ts'
import { type Completion, type CompletionRow, completionOf } from './completion.ts'
import { columns } from './completion-sql.ts'

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

const forgetSql = `
  DELETE FROM replicas WHERE fenced_at IS NOT NULL
  AND NOT EXISTS (SELECT FROM completions WHERE completions.replica_id = replicas.id)`

// Its replica was fenced, or is not even known: one that slept may begin an answer when it is fenced and forgotten already.
export const isLeft = `NOT EXISTS (SELECT FROM replicas r WHERE r.id = c.replica_id AND r.fenced_at IS NULL)`

const isStreamed = `c.status = 'IN_PROGRESS' AND NOT EXISTS (SELECT FROM queued_completions q WHERE q.completion_id = c.id)`
const streamingSql = `SELECT c.id FROM completions c WHERE c.replica_id = $1 AND ${isStreamed}`
const orphansSql = `SELECT ${columns} FROM completions c WHERE c.replica_id IS NOT NULL AND ${isLeft} AND ${isStreamed}`

export function createReplicas({ query, queryEnding }: Database): Replicas {
  return {
    async join({ id, name, leaseMs }) {
      const text = `INSERT INTO replicas (id, name, lease_until) VALUES ($1, $2, now() + $3::int * interval '1 millisecond')`
      // Whoever ends what others left has to be there itself.
      await queryEnding(text, [id, name, leaseMs])
    },
    leases: (id) =>
      query<Lease>('SELECT id, lease_until::text AS until FROM replicas WHERE fenced_at IS NULL AND id <> $1', [id]),
    async fence({ id, until }) {
      const text = `UPDATE replicas SET fenced_at = now()
        WHERE id = $1 AND fenced_at IS NULL AND lease_until = $2::timestamptz AND lease_until < now()`
      await query(text, [id, until])
    },
    async fenceOthers(id) {
      await queryEnding('UPDATE replicas SET fenced_at = now() WHERE fenced_at IS NULL AND id <> $1', [id])
    },
    async leave(id) {
      await queryEnding('UPDATE replicas SET fenced_at = now() WHERE id = $1', [id])
      await queryEnding(forgetSql)
    },
    streaming: async (id) => (await query<{ id: string }>(streamingSql, [id])).map((row) => row.id),
    orphans: async () => (await query<CompletionRow>(orphansSql)).map(completionOf),
  }
}

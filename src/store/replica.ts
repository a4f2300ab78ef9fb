import type { Database } from './database.ts'

export interface Replicas {
  join(replica: { id: string; name: string; leaseMs: number }): Promise<void>
  /** Fences others whose lease ran out, by the database's clock. */
  fenceExpired(id: string): Promise<void>
  /** Fences all but this one: for a database that only one process can open. */
  fenceOthers(id: string): Promise<void>
  /** Fences this one and forgets those that left nothing to end. */
  leave(id: string): Promise<void>
}

const forgetSql = `
  DELETE FROM replicas WHERE fenced_at IS NOT NULL
  AND NOT EXISTS (SELECT FROM completions WHERE completions.replica_id = replicas.id)`

export function createReplicas({ query }: Database): Replicas {
  return {
    async join({ id, name, leaseMs }) {
      const text = `INSERT INTO replicas (id, name, lease_until) VALUES ($1, $2, now() + $3::int * interval '1 millisecond')`
      await query(text, [id, name, leaseMs])
    },
    async fenceExpired(id) {
      await query(
        'UPDATE replicas SET fenced_at = now() WHERE fenced_at IS NULL AND lease_until < now() AND id <> $1',
        [id],
      )
    },
    async fenceOthers(id) {
      await query('UPDATE replicas SET fenced_at = now() WHERE fenced_at IS NULL AND id <> $1', [id])
    },
    async leave(id) {
      await query('UPDATE replicas SET fenced_at = now() WHERE id = $1', [id])
      await query(forgetSql)
    },
  }
}

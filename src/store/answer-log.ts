import type { Database } from '../database/database.ts'
import { statement } from '../database/statement.ts'

export interface LogEntry {
  completionId: string
  /** Counts up within one completion. */
  sequence: number
  /** JSON text. */
  delta: string
}

export interface AnswerLog {
  /** What an append costs this process beside its call, in ms. */
  readonly hiddenMs: number
  /**
   * One statement for all live answers of a replica, which renews its lease, too. False, and nothing written, where the
   * replica has lost its lease. Safe to repeat with the same entries. `onSent` is as Database says.
   */
  append(replicaId: string, leaseMs: number, entries: readonly LogEntry[], onSent: () => void): Promise<boolean>
  /** What came after the given sequences, in order. */
  since(offsets: readonly { completionId: string; sequence: number }[]): Promise<LogEntry[]>
  /** Says that nothing more comes, and that this process needs no entry any more. Others may still read them. */
  close(completionId: string): void
  /** Drops all entries of a deleted completion, of which nothing more comes. */
  erase(completionId: string): Promise<void>
  /** Drops the entries of completions that ended before, or that have ended and are deleted. */
  prune(endedBefore: Date): Promise<void>
}

// The update locks the replica's row, so that whoever fences it waits for this statement, or this one writes nothing.
const appendSql = statement(`
  WITH lease AS (
    UPDATE replicas SET lease_until = now() + $2::int * interval '1 millisecond'
    WHERE id = $1 AND fenced_at IS NULL RETURNING id
  ), written AS (
    INSERT INTO answer_log (completion_id, sequence, delta)
    SELECT entry.* FROM lease, unnest($3::uuid[], $4::int[], $5::text[]) AS entry ON CONFLICT DO NOTHING
  )
  SELECT id FROM lease`)

const sinceSql = statement<LogEntry>(
  `
  SELECT log.completion_id AS "completionId", log.sequence, log.delta
  FROM unnest($1::uuid[], $2::int[]) AS asked(completion_id, sequence)
  JOIN answer_log log ON log.completion_id = asked.completion_id AND log.sequence > asked.sequence
  ORDER BY log.completion_id, log.sequence`,
  { completionId: 'text', sequence: 'number', delta: 'text' },
)

const eraseSql = statement('DELETE FROM answer_log WHERE completion_id = $1')

const pruneSql = statement(`
  DELETE FROM answer_log USING completions c WHERE c.id = completion_id
    AND (finished_at < $1 OR (finished_at IS NOT NULL AND deleted_at IS NOT NULL))`)

export function createAnswerLog({ query, send }: Database): AnswerLog {
  return {
    // The driver's work, and a system call.
    hiddenMs: 0.1,
    async append(replicaId, leaseMs, entries, onSent) {
      const ids = entries.map(({ completionId }) => completionId)
      const sequences = entries.map(({ sequence }) => sequence)
      const deltas = entries.map(({ delta }) => delta)
      return (await send(appendSql, [replicaId, leaseMs, ids, sequences, deltas], onSent)).length === 1
    },
    since: (offsets) =>
      query(sinceSql, [offsets.map((asked) => asked.completionId), offsets.map((asked) => asked.sequence)]),
    close() {},
    async erase(completionId) {
      await query(eraseSql, [completionId])
    },
    async prune(endedBefore) {
      await query(pruneSql, [endedBefore])
    },
  }
}

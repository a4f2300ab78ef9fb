import type { Database } from '../../database/database.ts'
import { statement } from '../../database/statement.ts'

export interface LogEntry {
  completionId: string
  /** The number of the entry in its completion, from 1. */
  sequence: number
  /** JSON text. */
  delta: string
}

export interface AnswerLog {
  /** The CPU time of an append that is spent outside of its call, in ms. */
  readonly hiddenMs: number
  /**
   * Writes the entries of all active completions of a replica with one statement, which also renews the lease. Resolves with
   * false if the replica has lost its lease; then nothing was written. Can be repeated with the same entries. `onSent` is that
   * of `Database.send`.
   */
  append(replicaId: string, leaseMs: number, entries: readonly LogEntry[], onSent: () => void): Promise<boolean>
  /** The entries after the given sequences, in order. */
  since(offsets: readonly { completionId: string; sequence: number }[]): Promise<LogEntry[]>
  /** Call it when no more entries follow and this process reads none any more. Other replicas may still read them. */
  close(completionId: string): void
  /** Deletes all entries of a deleted completion, after its last one. */
  erase(completionId: string): Promise<void>
  /** Deletes the entries of completions that ended before this time, or that have ended and are deleted. */
  prune(endedBefore: Date): Promise<void>
}

// The update locks the replica's row. So a statement that fences the replica waits for this one, or this one writes nothing.
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

const pruneSql = statement(`
  DELETE FROM answer_log USING completions c WHERE c.id = completion_id
    AND (finished_at < $1 OR (finished_at IS NOT NULL AND deleted_at IS NOT NULL))`)

export function createAnswerLog({ prisma, query, send }: Database): AnswerLog {
  return {
    // This is the time for the work of the driver and for a system call.
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
      await prisma.answerLog.deleteMany({ where: { completionId } })
    },
    async prune(endedBefore) {
      await query(pruneSql, [endedBefore])
    },
  }
}

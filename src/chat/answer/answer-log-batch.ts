import type { LogEntry } from '../../store/answer-log/answer-log.ts'
import type { Completion } from '../../store/completion.ts'
import type { Answer } from '../../stream/answer.ts'
import { type Position, start } from '../../stream/position.ts'

/** The log entries that one statement writes. */
export interface Batch {
  replicaId: string
  entries: LogEntry[]
  /** How far each answer may be revealed once the entries are written. */
  moves: { answer: Answer<Completion>; to: Position }[]
}

/** How far the log entries of one answer reach, including entries that are being written. */
export interface LogOffset {
  answer: Answer<Completion>
  sequence: number
  position: Position
}

export function startOfLog(answer: Answer<Completion>): LogOffset {
  return { answer, sequence: 0, position: start }
}

/** Collects everything that was appended since the offsets, and advances them. */
export function collect(offsets: Iterable<LogOffset>, replicaId: string): Batch {
  const batch: Batch = { replicaId, entries: [], moves: [] }
  for (const offset of offsets) {
    const { answer, position } = offset
    const to = answer.position()
    const deltas = answer.between(position, to)
    if (deltas.length === 0) continue
    offset.sequence += 1
    offset.position = to
    batch.entries.push({ completionId: answer.id, sequence: offset.sequence, delta: JSON.stringify(deltas) })
    batch.moves.push({ answer, to })
  }
  return batch
}

export function joined(batches: readonly Batch[], replicaId: string): Batch {
  const entries = batches.flatMap((batch) => batch.entries)
  return { replicaId, entries, moves: batches.flatMap((batch) => batch.moves) }
}

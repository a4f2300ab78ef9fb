import type { Store } from '../../store/store.ts'
import type { Log } from '../access/log.ts'
import { type Batch, joined } from './answer-log-batch.ts'
import type { AnswerNotifier } from './answer-notifier.ts'
import type { Replica } from './replica.ts'

/** Writes the log's statements, several under way at once, and reveals what they carry. */
export interface AnswerLogWriter {
  /** Resolves when its fate is known. Never rejects: what failed waits to be taken. */
  write(batch: Batch): Promise<void>
  /** Whether another statement may go now. */
  isFree(): boolean
  hasFailed(): boolean
  /** All that failed, in one batch, to be written before anything new. */
  takeFailed(): Batch
  /** When the latest statement that renewed the lease was sent, by performance.now(). */
  renewedMs(): number
  /** Resolves when nothing is under way. */
  settled(): Promise<void>
}

export interface AnswerLogWriterOptions {
  store: Store
  notifier: AnswerNotifier
  replica: Replica
  log: Log
  /** Called when the lease is lost: others end what this replica streamed. */
  onFenced(): void
}

/** A statement need not wait for the commit of the one before. */
const maxUnderWay = 4

export function createAnswerLogWriter(options: AnswerLogWriterOptions): AnswerLogWriter {
  const { store, notifier, replica, log, onFenced } = options
  const underWay = new Set<Promise<void>>()
  // In their order. They are sent again as they were, since such a statement writes the same rows or none.
  let failed: Batch[] = []
  let renewedMs = Number.NEGATIVE_INFINITY

  // Nobody fences a replica whose lease is good for as long again.
  function isLeaseCertain() {
    return performance.now() - renewedMs < replica.leaseMs / 2
  }

  function onWritten(batch: Batch) {
    // Others may read no entry before those that it follows.
    if (failed.length > 0) return void failed.push(batch)
    reveal(batch)
    for (const { answer } of batch.moves) notifier.notify(answer.id)
  }

  async function append(batch: Batch) {
    const startMs = performance.now()
    // Asked after the sending: a process that was stopped in between must not trust what it knew before.
    const onSent = () => isLeaseCertain() && reveal(batch)
    try {
      const isOurs = await store.answerLog.append(batch.replicaId, replica.leaseMs, batch.entries, onSent)
      renewedMs = isOurs ? startMs : Number.NEGATIVE_INFINITY
      if (isOurs) onWritten(batch)
      else if (batch.replicaId === replica.id()) onFenced()
    } catch (error) {
      failed.push(batch)
      log.warn({ err: error }, 'the answer log could not be written; viewers wait')
    }
  }

  return {
    write(batch) {
      const writing = append(batch).finally(() => underWay.delete(writing))
      underWay.add(writing)
      return writing
    },
    isFree: () => underWay.size < (failed.length > 0 ? 1 : maxUnderWay),
    hasFailed: () => failed.length > 0,
    takeFailed() {
      // What was started under an id that was lost is ended by others.
      const current = failed.filter(({ replicaId }) => replicaId === replica.id())
      failed = []
      return joined(current, replica.id())
    },
    renewedMs: () => renewedMs,
    async settled() {
      await Promise.all(underWay)
    },
  }
}

function reveal({ moves }: Batch): void {
  for (const { answer, to } of moves) answer.reveal(to)
}

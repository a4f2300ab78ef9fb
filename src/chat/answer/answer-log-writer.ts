import type { Store } from '../../store/store.ts'
import type { Log } from '../access/log.ts'
import { type Batch, joined } from './answer-log-batch.ts'
import type { AnswerNotifier } from './answer-notifier.ts'
import type { Replica } from './replica.ts'

/** Writes batches to the answer log, several statements at a time, and reveals the text in them. */
export interface AnswerLogWriter {
  /** Resolves when the batch is written or has failed. Never rejects: a failed batch is kept for `takeFailed`. */
  write(batch: Batch): Promise<void>
  /** Whether another statement may be sent now. */
  isFree(): boolean
  hasFailed(): boolean
  /** Returns all failed batches as one, which must be written before anything new. */
  takeFailed(): Batch
  /** When the latest statement that renewed the lease was sent, by performance.now(). */
  renewedMs(): number
  /** Resolves when no statement is under way. */
  settled(): Promise<void>
}

export interface AnswerLogWriterOptions {
  store: Store
  notifier: AnswerNotifier
  replica: Replica
  log: Log
  /** Called when the lease is lost: other replicas then end the answers that this one streamed. */
  onFenced(): void
}

/** A statement does not have to wait until the one before it is committed. */
const maxUnderWay = 4

export function createAnswerLogWriter(options: AnswerLogWriterOptions): AnswerLogWriter {
  const { store, notifier, replica, log, onFenced } = options
  const underWay = new Set<Promise<void>>()
  // In the order in which they were sent. They can be sent again unchanged: such a statement writes the same rows or none.
  let failed: Batch[] = []
  let renewedMs = Number.NEGATIVE_INFINITY

  // No other replica fences this one while its lease has half of its time left.
  function isLeaseCertain() {
    return performance.now() - renewedMs < replica.leaseMs / 2
  }

  function onWritten(batch: Batch) {
    // Viewers must not get an entry before the entries that come before it.
    if (failed.length > 0) return void failed.push(batch)
    reveal(batch)
    for (const { answer } of batch.moves) notifier.notify(answer.id)
  }

  async function append(batch: Batch) {
    const startMs = performance.now()
    // The lease is checked after the statement was sent: a process that was suspended in between must not trust an older check.
    const onSent = () => isLeaseCertain() && reveal(batch)
    try {
      const isOurs = await store.answerLog.append(batch.replicaId, replica.leaseMs, batch.entries, onSent)
      renewedMs = isOurs ? startMs : Number.NEGATIVE_INFINITY
      if (isOurs) onWritten(batch)
      else if (batch.replicaId === replica.id()) onFenced()
    } catch (error) {
      failed.push(batch)
      log.warn({ err: error }, 'the answer log could not be written; viewers wait until a retry succeeds')
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
      // Other replicas end the answers that were started under an id whose lease was lost.
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

import type { Completion } from '../../store/completion.ts'
import type { Answer } from '../../stream/answer.ts'
import { type Batch, collect, type LogOffset, startOfLog } from './answer-log-batch.ts'
import { type AnswerLogWriterOptions, createAnswerLogWriter } from './answer-log-writer.ts'

/**
 * Writes the new text of all active answers with one statement, and reveals it only when the write is certain to succeed, so
 * that text which a viewer has seen can be read again after a crash.
 */
export interface AnswerLog {
  /** Schedules the writing of text that was appended to the answer. */
  touch(answer: Answer<Completion>): void
  /** Stops logging the answer: its end is stored, or another replica will end it. */
  drop(answer: Answer<Completion>): void
  /** Deletes the log entries of an answer, after pending writes. Call it after `drop`. Never rejects. */
  erase(answer: Answer<Completion>): Promise<void>
  /** Starts to renew the lease also while there is nothing to write. */
  start(): void
  /** Resolves when all pending writes are done. */
  stop(): Promise<void>
}

export interface AnswerLogOptions extends AnswerLogWriterOptions {
  /** The longest time that text waits for its statement, while the database keeps up. */
  flushMs: number
}

// The log may use a twelfth of the CPU. With few active answers, text is written at once, so viewers see it at once. With many,
// their text is collected for up to flushMs.
const restPerWork = 12
const firstRetryMs = 100
const maxRetryMs = 2_000
/** So that after an outage of the database this replica renews its lease before other replicas consider it lost. */
const retriesPerLease = 4

export function createAnswerLog({ flushMs, ...options }: AnswerLogOptions): AnswerLog {
  const { replica, store } = options
  const offsets = new Map<string, LogOffset>()
  const moved = new Set<string>()
  const writer = createAnswerLogWriter(options)
  const pace = createPace(flushMs, replica.leaseMs, store.answerLog.hiddenMs)
  let timer: NodeJS.Timeout | undefined
  let leaseTimer: NodeJS.Timeout | undefined
  let isCollecting = false
  let hasFirstText = false
  let isStopped = false

  function schedule() {
    if (isCollecting || isStopped || !writer.isFree()) return
    // The first text of an answer does not wait, because its viewers are looking at an empty page.
    const waitMs = hasFirstText && !writer.hasFailed() ? 0 : pace.waitMs()
    if (waitMs > 0) timer ??= setTimeout(begin, waitMs)
    else begin()
  }

  function begin() {
    clearTimeout(timer)
    timer = undefined
    isCollecting = true
    // setImmediate runs after the poll phase: the text of all sockets that were read in it goes into one statement.
    setImmediate(() => {
      isCollecting = false
      if (!isStopped) void write(writer.hasFailed() ? takeFailed() : takeMoved())
    })
  }

  function takeMoved(): Batch {
    const taken = [...moved].flatMap((id) => offsets.get(id) ?? [])
    moved.clear()
    hasFirstText = false
    return collect(taken, replica.id())
  }

  // The text of an answer that has ended meanwhile is stored in its message: nobody would read its entries or delete them.
  function takeFailed(): Batch {
    const batch = writer.takeFailed()
    return { ...batch, entries: batch.entries.filter(({ completionId }) => offsets.has(completionId)) }
  }

  async function write(batch: Batch) {
    const startMs = performance.now()
    const writing = writer.write(batch)
    pace.began(startMs, performance.now())
    await writing
    pace.ended(!writer.hasFailed())
    if (moved.size > 0 || writer.hasFailed()) schedule()
  }

  return {
    touch(answer) {
      if (!offsets.has(answer.id)) {
        offsets.set(answer.id, startOfLog(answer))
        hasFirstText = true
      }
      moved.add(answer.id)
      schedule()
    },
    drop(answer) {
      offsets.delete(answer.id)
      store.answerLog.close(answer.id)
    },
    async erase({ id }) {
      await writer.settled()
      try {
        await store.answerLog.erase(id)
      } catch (error) {
        options.log.warn({ err: error, completionId: id }, 'the log of a deleted answer stays until the next pruning')
      }
    },
    start() {
      const renewMs = replica.leaseMs / 4
      leaseTimer = setInterval(() => performance.now() - writer.renewedMs() > renewMs / 2 && schedule(), renewMs)
    },
    stop() {
      isStopped = true
      clearTimeout(timer)
      clearInterval(leaseTimer)
      return writer.settled()
    },
  }
}

/** Decides when the next statement may be sent. */
function createPace(flushMs: number, leaseMs: number, hiddenMs: number) {
  let notBeforeMs = 0
  let retryMs = firstRetryMs
  return {
    waitMs: () => notBeforeMs - performance.now(),
    began(startMs: number, sentMs: number) {
      const workMs = hiddenMs + sentMs - startMs
      notBeforeMs = Math.max(notBeforeMs, startMs + Math.min(flushMs, workMs * restPerWork))
    },
    ended(isWritten: boolean) {
      if (isWritten) {
        retryMs = firstRetryMs
        return
      }
      notBeforeMs = performance.now() + retryMs
      retryMs = Math.min(maxRetryMs, leaseMs / retriesPerLease, retryMs * 2)
    },
  }
}

import type { LogEntry } from '../store/answer-log.ts'
import type { Completion } from '../store/completion.ts'
import type { Store } from '../store/store.ts'
import type { Answer } from '../stream/answer.ts'
import { type Position, start } from '../stream/position.ts'
import type { Announcer } from './announcer.ts'
import type { Log } from './log.ts'
import type { Replica } from './replica.ts'

/**
 * Writes what is new in all live answers by one statement, and only then reveals it: what a viewer has seen can be read
 * again after a crash.
 */
export interface AnswerLog {
  /** Says that there is more in it. */
  touch(answer: Answer<Completion>): void
  drop(answer: Answer<Completion>): void
  /** Keeps the lease while there is nothing to write. */
  start(): void
  /** Resolves when nothing is being written any more. */
  stop(): Promise<void>
}

export interface AnswerLogOptions {
  store: Store
  announcer: Announcer
  replica: Replica
  log: Log
  /** The longest time that text waits for its commit, while the database keeps up. */
  flushMs: number
  /** Called when the lease is lost: others end what this replica streamed. */
  onFenced(): void
}

interface Tracked {
  answer: Answer<Completion>
  sequence: number
  written: Position
}

interface Batch {
  replicaId: string
  entries: LogEntry[]
  /** What to reveal, and where to go on, once they are written. */
  moves: { tracked: Tracked; to: Position }[]
}

// On Postgres the log may take a twelfth of the CPU: few answers are written at once, which is soonest for their viewers;
// many wait for each other, up to flushMs. What PGlite works in this process is not counted: viewers would wait for it.
const restPerWork = 12
/** What a statement costs beside its text: the driver's work and a system call. */
const statementMs = 0.1
const firstRetryMs = 100
const longestRetryMs = 2_000
/** So that a database that is back hears of a server before others take it for lost. */
const retriesPerLease = 4

export function createAnswerLog({ store, announcer, replica, log, flushMs, onFenced }: AnswerLogOptions): AnswerLog {
  const tracked = new Map<string, Tracked>()
  const moved = new Set<string>()
  const pace = createPace(flushMs, replica.leaseMs)
  let unwritten: Batch | null = null
  let timer: NodeJS.Timeout | undefined
  let isBusy = false
  let hasFirstText = false
  let isStopped = false
  let writing: Promise<void> = Promise.resolve()
  let lastWriteMs = 0
  let leaseTimer: NodeJS.Timeout | undefined

  function schedule() {
    if (isBusy || isStopped) return
    // The first text of an answer does not wait: somebody looks at an empty page.
    const waitMs = hasFirstText && unwritten === null ? 0 : pace.waitMs()
    if (waitMs > 0) timer ??= setTimeout(begin, waitMs)
    else begin()
  }

  function begin() {
    clearTimeout(timer)
    timer = undefined
    isBusy = true
    // After the poll phase: all that one round of reads brought goes into one statement.
    setImmediate(() => {
      if (!isStopped) writing = writeAndGoOn()
    })
  }

  async function writeAndGoOn() {
    // A statement whose fate is unknown is sent again as it was: it writes the same rows or none.
    unwritten ??= collect(tracked, moved, replica.id())
    hasFirstText = false
    await write(unwritten)
    isBusy = false
    if (moved.size > 0 || unwritten !== null) schedule()
  }

  async function write(batch: Batch) {
    const startMs = performance.now()
    const appending = store.answerLog.append(batch.replicaId, replica.leaseMs, batch.entries)
    const workMs = statementMs + performance.now() - startMs
    try {
      const isOurs = await appending
      unwritten = null
      lastWriteMs = startMs
      pace.wrote(startMs, workMs)
      if (isOurs) reveal(batch, announcer)
      else if (batch.replicaId === replica.id()) onFenced()
    } catch (error) {
      pace.failed()
      log.warn({ err: error }, 'the answer log could not be written; viewers wait')
    }
  }

  return {
    touch(answer) {
      if (!tracked.has(answer.id)) {
        tracked.set(answer.id, { answer, sequence: 0, written: start })
        hasFirstText = true
      }
      moved.add(answer.id)
      schedule()
    },
    drop(answer) {
      tracked.delete(answer.id)
    },
    start() {
      const renewMs = replica.leaseMs / 4
      leaseTimer = setInterval(() => performance.now() - lastWriteMs > renewMs / 2 && schedule(), renewMs)
    },
    stop() {
      isStopped = true
      clearTimeout(timer)
      clearInterval(leaseTimer)
      return writing
    },
  }
}

/** When the next statement may go. */
function createPace(flushMs: number, leaseMs: number) {
  let notBeforeMs = 0
  let retryMs = firstRetryMs
  return {
    waitMs: () => notBeforeMs - performance.now(),
    wrote(startMs: number, workMs: number) {
      retryMs = firstRetryMs
      notBeforeMs = startMs + Math.min(flushMs, workMs * restPerWork)
    },
    failed() {
      notBeforeMs = performance.now() + retryMs
      retryMs = Math.min(longestRetryMs, leaseMs / retriesPerLease, retryMs * 2)
    },
  }
}

function collect(tracked: ReadonlyMap<string, Tracked>, moved: Set<string>, replicaId: string): Batch {
  const batch: Batch = { replicaId, entries: [], moves: [] }
  for (const id of moved) {
    const item = tracked.get(id)
    if (item === undefined) continue
    const to = item.answer.position()
    const deltas = item.answer.between(item.written, to)
    if (deltas.length === 0) continue
    batch.entries.push({ completionId: id, sequence: item.sequence + 1, delta: JSON.stringify(deltas) })
    batch.moves.push({ tracked: item, to })
  }
  moved.clear()
  return batch
}

function reveal({ moves }: Batch, announcer: Announcer): void {
  for (const { tracked: item, to } of moves) {
    item.sequence += 1
    item.written = to
    item.answer.reveal(to)
    announcer.announce(item.answer.id)
  }
}

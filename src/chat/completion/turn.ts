import type { Bus } from '../../bus/bus.ts'
import type { Queue, Turn } from '../../store/queue.ts'
import type { Store } from '../../store/store.ts'
import type { Log } from '../access/log.ts'
import type { ActiveCompletion, StopReason } from '../answer/active-completion.ts'
import type { Replica } from '../answer/replica.ts'

/** One answer at a time is written in a conversation; others may wait for their turn. */
export interface Turns {
  /** Resolves when the completion has the turn or was stopped; with false when another server takes it over. */
  acquire(active: ActiveCompletion): Promise<boolean>
  /** Ends all waiting here: other servers continue with it. */
  close(): void
  areClosed(): boolean
}

/** What ends the waiting for a turn. */
type TurnOutcome = Exclude<Turn, 'WAITING'>

/** All completions that wait at this server for their turn in one conversation, under one lease. */
interface WaitingLine {
  /** Returns a function that takes the completion out of the line. */
  join(completionId: string, onOutcome: (outcome: TurnOutcome) => void): () => void
}

interface WaitingLineOptions {
  queue: Queue
  bus: Bus
  log: Log
  conversationId: string
  replicaId: string
  /** Aborts when this server closes: other servers continue with all that wait here. */
  closing: AbortSignal
  /** Called when the last one has left. */
  onEmpty(): void
}

/** Covers a lost wake-up, and changes that cause none. */
const pollMs = 500

export function createTurns({ queue }: Store, bus: Bus, replica: Replica, log: Log): Turns {
  const closing = new AbortController()
  const lines = new Map<string, WaitingLine>()

  function lineOf(conversationId: string, replicaId: string): WaitingLine {
    const name = `${conversationId} ${replicaId}`
    const onEmpty = () => lines.delete(name)
    const parts = { queue, bus, log, conversationId, replicaId, closing: closing.signal, onEmpty }
    const line = lines.get(name) ?? createWaitingLine(parts)
    lines.set(name, line)
    return line
  }

  /** null where it was stopped. */
  function outcomeOf({ answer, completion: { conversationId }, replicaId, stopper: { signal } }: ActiveCompletion) {
    return new Promise<TurnOutcome | null>((resolve) => {
      const stop = () => {
        leave()
        resolve(null)
      }
      const leave = lineOf(conversationId ?? '', replicaId).join(answer.id, (outcome) => {
        signal.removeEventListener('abort', stop)
        resolve(outcome)
      })
      signal.addEventListener('abort', stop)
    })
  }

  /** Why it is not sent although it does not wait any longer. */
  function refusalOf(outcome: Exclude<TurnOutcome, 'LOST'>, { replicaId }: ActiveCompletion): StopReason | null {
    if (outcome !== 'TAKEN') return outcome
    // The lease ended in that moment: its answer could not be logged.
    return replicaId === replica.id() ? null : 'SERVER_LOST'
  }

  return {
    async acquire(active) {
      if (active.stopper.signal.aborted) return true
      if (closing.signal.aborted) return false
      const outcome = await outcomeOf(active)
      if (outcome === null) return true
      if (outcome === 'LOST') return false
      active.isWaiting = false
      const refusal = refusalOf(outcome, active)
      if (refusal !== null) active.stopper.abort(refusal)
      return true
    },
    close: () => closing.abort(),
    areClosed: () => closing.signal.aborted,
  }
}

function createWaitingLine(options: WaitingLineOptions): WaitingLine {
  const { queue, bus, log, conversationId, replicaId, closing, onEmpty } = options
  const waiting = new Map<string, (outcome: TurnOutcome) => void>()
  let isServed = false

  /** Resolves at what may bring the turn or end the waiting: an event in the conversation, time, or the closing. */
  function listen() {
    let hear = () => {}
    const heard = new Promise<void>((resolve) => {
      hear = resolve
    })
    const timer = setTimeout(hear, pollMs)
    const unsubscribe = bus.subscribe('conversation', (ids) => ids.includes(conversationId) && hear())
    closing.addEventListener('abort', hear)
    function leave() {
      clearTimeout(timer)
      unsubscribe()
      closing.removeEventListener('abort', hear)
    }
    return { heard, leave }
  }

  function settle(id: string, outcome: TurnOutcome) {
    const onOutcome = waiting.get(id)
    waiting.delete(id)
    onOutcome?.(outcome)
  }

  // One statement for all of them: only the head of the queue can have the turn, and a long queue in which each asked for
  // itself would keep the database busy.
  async function tryToAcquire() {
    try {
      for (const [id, turn] of await queue.takeTurn([...waiting.keys()], replicaId)) {
        if (turn !== 'WAITING') settle(id, turn)
      }
    } catch (error) {
      log.warn({ err: error, conversationId }, 'the turn in a conversation could not be asked for yet')
    }
    if (closing.aborted) for (const id of [...waiting.keys()]) settle(id, 'LOST')
  }

  async function serve() {
    isServed = true
    while (waiting.size > 0) {
      // Listens before it asks: the answer of the store may not show what happens while the store is asked.
      const news = listen()
      await tryToAcquire()
      if (waiting.size > 0) await news.heard
      news.leave()
    }
    isServed = false
    onEmpty()
  }

  return {
    join(completionId, onOutcome) {
      waiting.set(completionId, onOutcome)
      if (!isServed) void serve()
      return () => waiting.delete(completionId)
    },
  }
}

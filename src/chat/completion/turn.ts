import type { Bus } from '../../bus/bus.ts'
import type { Queue, Turn } from '../../store/queue.ts'
import type { Store } from '../../store/store.ts'
import type { Log } from '../access/log.ts'
import type { ActiveCompletion, StopReason } from '../answer/active-completion.ts'
import type { Replica } from '../answer/replica.ts'

/** The turn in each conversation: only one answer at a time is written, and other completions can wait for their turn. */
export interface Turns {
  /** Resolves with true when the completion has the turn or was stopped, and with false when another replica takes it over. */
  acquire(active: ActiveCompletion): Promise<boolean>
  /** Stops all waiting at this replica: other replicas take the completions over. */
  close(): void
  areClosed(): boolean
}

/** How the waiting for a turn can end. */
type TurnOutcome = Exclude<Turn, 'WAITING'>

/** The completions that wait at this replica, under one lease, for their turn in one conversation. */
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
  /** Aborts when this replica stops: other replicas take over the completions that wait here. */
  closing: AbortSignal
  /** Called when the last completion has left the line. */
  onEmpty(): void
}

/** The store is polled, because a wake-up can be lost and some changes send none. */
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

  /** Resolves with null if the completion was stopped. */
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

  /** The reason to stop a completion that no longer waits but must not be sent; null if it may be sent. */
  function refusalOf(outcome: Exclude<TurnOutcome, 'LOST'>, { replicaId }: ActiveCompletion): StopReason | null {
    if (outcome !== 'TAKEN') return outcome
    // If the lease ended in that moment, the answer could not be logged.
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

  /**
   * `heard` resolves when the store should be asked again: after an event in the conversation, after a while, or at the
   * closing.
   */
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

  // One statement asks for all of them. Only the head of the queue can get the turn, so one statement for each would keep the
  // database busy for nothing.
  async function tryToAcquire() {
    try {
      for (const [id, turn] of await queue.takeTurn([...waiting.keys()], replicaId)) {
        if (turn !== 'WAITING') settle(id, turn)
      }
    } catch (error) {
      log.warn(
        { err: error, conversationId },
        'the turn in a conversation could not be requested; the next attempt follows',
      )
    }
    if (closing.aborted) for (const id of [...waiting.keys()]) settle(id, 'LOST')
  }

  async function serve() {
    isServed = true
    while (waiting.size > 0) {
      // Listens before it asks, because a change during the statement may be missing in its result.
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

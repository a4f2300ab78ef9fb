import type { Queue, Turn } from '../store/queue.ts'
import type { Bus } from '../stream/bus.ts'
import type { Log } from './log.ts'

/** What ends the waiting for a turn. */
export type TurnOutcome = Exclude<Turn, 'WAITING'>

/** All that wait at this server for their turn in one conversation, under one lease. */
export interface Line {
  /** Returns what takes the completion out of the line. */
  join(completionId: string, onOutcome: (outcome: TurnOutcome) => void): () => void
}

export interface LineOptions {
  queue: Queue
  bus: Bus
  log: Log
  conversationId: string
  replicaId: string
  /** Aborts when this server goes away: others go on with all that wait here. */
  leaving: AbortSignal
  /** Called when nobody is left. */
  onEmpty(): void
}

/** Covers a lost wake-up, and what changes without one. */
const pollMs = 500

export function createLine({ queue, bus, log, conversationId, replicaId, leaving, onEmpty }: LineOptions): Line {
  const waiting = new Map<string, (outcome: TurnOutcome) => void>()
  let isServed = false

  /** What may bring the turn: something in the conversation, such as an end, or time. And what ends the waiting. */
  function listen() {
    let hear = () => {}
    const heard = new Promise<void>((resolve) => {
      hear = resolve
    })
    const timer = setTimeout(hear, pollMs)
    const unsubscribe = bus.subscribe('conversation', (ids) => ids.includes(conversationId) && hear())
    leaving.addEventListener('abort', hear)
    function leave() {
      clearTimeout(timer)
      unsubscribe()
      leaving.removeEventListener('abort', hear)
    }
    return { heard, leave }
  }

  function settle(id: string, outcome: TurnOutcome) {
    const onOutcome = waiting.get(id)
    waiting.delete(id)
    onOutcome?.(outcome)
  }

  // One statement for all: only the head of the queue can have the turn, and if each asked for itself, a long queue would
  // keep the database busy.
  async function tryToTake() {
    try {
      for (const [id, turn] of await queue.takeTurn([...waiting.keys()], replicaId)) {
        if (turn !== 'WAITING') settle(id, turn)
      }
    } catch (error) {
      log.warn({ err: error, conversationId }, 'the turn in a conversation could not be asked for yet')
    }
    if (leaving.aborted) for (const id of [...waiting.keys()]) settle(id, 'LOST')
  }

  async function serve() {
    isServed = true
    while (waiting.size > 0) {
      // Before the try: what happens while the store is asked may not be in its answer.
      const news = listen()
      await tryToTake()
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

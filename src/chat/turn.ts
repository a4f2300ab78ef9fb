import type { Turn } from '../store/queue.ts'
import type { Store } from '../store/store.ts'
import type { Bus } from '../stream/bus.ts'
import type { Live, StopReason } from './live.ts'
import type { Log } from './log.ts'
import type { Replica } from './replica.ts'

/** One answer at a time is written in a conversation; others may wait for their turn. */
export interface Turns {
  /** Resolves when it has the turn or was stopped; with false when another server goes on with it. */
  take(live: Live): Promise<boolean>
  /** Ends all waiting here: others go on with it. */
  leave(): void
  areLeft(): boolean
}

/** Covers a lost wake-up, and what changes without one. */
const pollMs = 500

export function createTurns({ queue }: Store, bus: Bus, replica: Replica, log: Log): Turns {
  const leaving = new AbortController()

  /** What may bring the turn: something in the conversation, such as an end, or time. And what ends the waiting. */
  function listen({ completion: { conversationId }, stopper: { signal } }: Live) {
    let hear = () => {}
    const heard = new Promise<void>((resolve) => {
      hear = resolve
    })
    const timer = setTimeout(hear, pollMs)
    const unsubscribe = bus.subscribe('conversation', (ids) => {
      if (conversationId !== null && ids.includes(conversationId)) hear()
    })
    signal.addEventListener('abort', hear)
    leaving.signal.addEventListener('abort', hear)
    function leave() {
      clearTimeout(timer)
      unsubscribe()
      signal.removeEventListener('abort', hear)
      leaving.signal.removeEventListener('abort', hear)
    }
    return { heard, leave }
  }

  async function tryToTake({ answer, replicaId }: Live): Promise<Turn> {
    try {
      return await queue.takeTurn(answer.id, replicaId)
    } catch (error) {
      log.warn({ err: error, completionId: answer.id }, 'the turn in a conversation could not be asked for yet')
      return 'WAITING'
    }
  }

  /** Where it has to wait, comes back when another try may bring more. */
  async function tryAndWait(live: Live): Promise<Turn> {
    // Before the try: what happens while the store is asked may not be in its answer.
    const news = listen(live)
    const turn = await tryToTake(live)
    if (turn === 'WAITING') await news.heard
    news.leave()
    return turn
  }

  /** Why it is not sent although it does not wait any longer. */
  function refusalOf(turn: Exclude<Turn, 'WAITING' | 'LOST'>, { replicaId }: Live): StopReason | null {
    if (turn !== 'TAKEN') return turn
    // The lease ended in that moment: what comes of it could not be logged.
    return replicaId === replica.id() ? null : 'SERVER_LOST'
  }

  return {
    async take(live) {
      const { signal } = live.stopper
      while (!signal.aborted) {
        if (leaving.signal.aborted) return false
        const turn = await tryAndWait(live)
        if (turn === 'LOST') return false
        if (turn === 'WAITING') continue
        live.isWaiting = false
        const refusal = refusalOf(turn, live)
        if (refusal !== null) live.stopper.abort(refusal)
        return true
      }
      return true
    },
    leave: () => leaving.abort(),
    areLeft: () => leaving.signal.aborted,
  }
}

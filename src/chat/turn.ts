import type { Store } from '../store/store.ts'
import type { Bus } from '../stream/bus.ts'
import { createLine, type Line, type TurnOutcome } from './line.ts'
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

export function createTurns({ queue }: Store, bus: Bus, replica: Replica, log: Log): Turns {
  const leaving = new AbortController()
  const lines = new Map<string, Line>()

  function lineOf(conversationId: string, replicaId: string): Line {
    const name = `${conversationId} ${replicaId}`
    const onEmpty = () => lines.delete(name)
    const parts = { queue, bus, log, conversationId, replicaId, leaving: leaving.signal, onEmpty }
    const line = lines.get(name) ?? createLine(parts)
    lines.set(name, line)
    return line
  }

  /** null where it was stopped. */
  function outcomeOf({ answer, completion: { conversationId }, replicaId, stopper: { signal } }: Live) {
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
  function refusalOf(outcome: Exclude<TurnOutcome, 'LOST'>, { replicaId }: Live): StopReason | null {
    if (outcome !== 'TAKEN') return outcome
    // The lease ended in that moment: what comes of it could not be logged.
    return replicaId === replica.id() ? null : 'SERVER_LOST'
  }

  return {
    async take(live) {
      if (live.stopper.signal.aborted) return true
      if (leaving.signal.aborted) return false
      const outcome = await outcomeOf(live)
      if (outcome === null) return true
      if (outcome === 'LOST') return false
      live.isWaiting = false
      const refusal = refusalOf(outcome, live)
      if (refusal !== null) live.stopper.abort(refusal)
      return true
    },
    leave: () => leaving.abort(),
    areLeft: () => leaving.signal.aborted,
  }
}

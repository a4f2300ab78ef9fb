import type { Store } from '../store/store.ts'
import type { Bus } from '../stream/bus.ts'
import type { Live } from './live.ts'
import type { Log } from './log.ts'

/** One answer at a time is written in a conversation; others may wait for their turn. */
export interface Turns {
  /** Resolves when it has the turn, or was stopped while it waited. */
  take(live: Live): Promise<void>
}

/** Covers a lost wake-up, and what changes without one. */
const pollMs = 500

export function createTurns({ completions }: Store, bus: Bus, log: Log): Turns {
  function moved(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer)
        unsubscribe()
        signal.removeEventListener('abort', finish)
        resolve()
      }
      const timer = setTimeout(finish, pollMs)
      const unsubscribe = bus.subscribe('moved', finish)
      signal.addEventListener('abort', finish)
    })
  }

  async function tryToTake(id: string): Promise<boolean> {
    try {
      return await completions.takeTurn(id)
    } catch (error) {
      log.warn({ err: error, completionId: id }, 'the turn in a conversation could not be asked for yet')
      return false
    }
  }

  return {
    async take({ answer, stopper: { signal } }) {
      while (!signal.aborted) {
        if (await tryToTake(answer.id)) return
        await moved(signal)
      }
    },
  }
}

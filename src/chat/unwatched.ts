import type { Store } from '../store/store.ts'
import type { Live, LiveAnswers, StopReason } from './live.ts'
import type { Log } from './log.ts'

/** Cancels answers that are to go on only while somebody watches, on whichever replica. */
export interface Unwatched {
  /** Also once when it has begun: nobody may ever come to watch it. */
  onFollowers(live: Live, count: number): void
}

/** Time enough to come back, and for a viewer's new replica to say that it has one. */
const graceMs = 10_000

export function createUnwatched({ completions }: Store, lives: LiveAnswers, log: Log): Unwatched {
  const timers = new WeakMap<Live, NodeJS.Timeout>()
  /** Neither has it ended, nor does another server go on with it. */
  const isHere = (live: Live) => live.answer.outcome() === null && lives.get(live.answer.id) === live

  function wait(live: Live) {
    timers.set(live, setTimeout(() => void cancelUnlessWatched(live), graceMs).unref())
  }

  async function cancelUnlessWatched(live: Live) {
    if (!isHere(live)) return
    try {
      const isWatched = await completions.wasWatchedWithin(live.answer.id, graceMs)
      if (live.answer.followers() > 0) return
      if (isWatched) wait(live)
      else live.stopper.abort('CANCELLED' satisfies StopReason)
    } catch (error) {
      log.warn({ err: error, completionId: live.answer.id }, 'who watches an answer could not be asked; it goes on')
      wait(live)
    }
  }

  return {
    onFollowers(live, count) {
      if (!live.completion.cancelWhenUnwatched) return
      clearTimeout(timers.get(live))
      if (count === 0 && live.answer.outcome() === null) wait(live)
    },
  }
}

import type { Store } from '../../store/store.ts'
import type { Log } from '../access/log.ts'
import type { ActiveCompletion, ActiveCompletions, StopReason } from '../answer/active-completion.ts'

/** Cancels answers that are to go on only while somebody watches, on whichever replica. */
export interface AbandonPolicy {
  /** Also once when it has started: nobody may ever come to watch it. */
  onFollowers(active: ActiveCompletion, count: number): void
}

/** Time enough to come back, and for a viewer's new replica to say that it has one. */
const graceMs = 10_000

export function createAbandonPolicy(
  { completions }: Store,
  activeCompletions: ActiveCompletions,
  log: Log,
): AbandonPolicy {
  const timers = new WeakMap<ActiveCompletion, NodeJS.Timeout>()
  /** Neither has it ended, nor does another server go on with it. */
  const isHere = (active: ActiveCompletion) =>
    active.answer.outcome() === null && activeCompletions.get(active.answer.id) === active

  function wait(active: ActiveCompletion) {
    timers.set(active, setTimeout(() => void cancelUnlessWatched(active), graceMs).unref())
  }

  async function cancelUnlessWatched(active: ActiveCompletion) {
    if (!isHere(active)) return
    try {
      const isWatched = await completions.wasWatchedWithin(active.answer.id, graceMs)
      if (active.answer.followers() > 0) return
      if (isWatched) wait(active)
      else active.stopper.abort('CANCELLED' satisfies StopReason)
    } catch (error) {
      log.warn({ err: error, completionId: active.answer.id }, 'who watches an answer could not be asked; it goes on')
      wait(active)
    }
  }

  return {
    onFollowers(active, count) {
      if (!active.completion.cancelWhenUnwatched) return
      clearTimeout(timers.get(active))
      if (count === 0 && active.answer.outcome() === null) wait(active)
    },
  }
}

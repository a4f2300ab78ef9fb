import type { Store } from '../../store/store.ts'
import type { Log } from '../access/log.ts'
import type { ActiveCompletion, ActiveCompletions, StopReason } from '../answer/active-completion.ts'

/** Cancels completions that were started with `whenUnwatched: CANCEL` when nobody watches them at any replica. */
export interface AbandonPolicy {
  /** Call it at each change of the number of followers, and once at the start: perhaps nobody ever watches the completion. */
  onFollowers(active: ActiveCompletion, count: number): void
}

/** Long enough for a viewer to reconnect, and for the replica that it reconnects to to record that it has a viewer. */
const graceMs = 10_000

export function createAbandonPolicy(
  { completions }: Store,
  activeCompletions: ActiveCompletions,
  log: Log,
): AbandonPolicy {
  const timers = new WeakMap<ActiveCompletion, NodeJS.Timeout>()
  /** The completions that had a viewer. */
  const watched = new WeakSet<ActiveCompletion>()
  /** True while the completion has not ended and no other replica has taken it over. */
  const isActive = (active: ActiveCompletion) =>
    active.answer.outcome() === null && activeCompletions.get(active.answer.id) === active

  function wait(active: ActiveCompletion) {
    timers.set(active, setTimeout(() => void cancelUnlessWatched(active), graceMs).unref())
  }

  async function cancelUnlessWatched(active: ActiveCompletion) {
    if (!isActive(active)) return
    try {
      const isWatched = await completions.wasWatchedWithin(active.answer.id, graceMs)
      if (active.answer.followers() > 0) return
      if (isWatched) wait(active)
      else active.stopper.abort('CANCELLED' satisfies StopReason)
    } catch (error) {
      log.warn(
        { err: error, completionId: active.answer.id },
        'could not find out whether an answer is watched; it continues',
      )
      wait(active)
    }
  }

  return {
    onFollowers(active, count) {
      if (!active.completion.cancelWhenUnwatched) return
      clearTimeout(timers.get(active))
      if (count > 0) watched.add(active)
      if (count > 0 || active.answer.outcome() !== null) return
      // When a completion starts, nobody has followed it yet.
      if (active.isLeftAtOnce && watched.has(active)) active.stopper.abort('CANCELLED' satisfies StopReason)
      else wait(active)
    },
  }
}

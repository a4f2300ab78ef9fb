import { ChatError } from './error.ts'
import type { User } from './viewer.ts'

export interface ReadSlots {
  /** Does the work if a slot is free. Throws RATE_LIMITED. */
  within<T>(viewer: User, work: () => Promise<T>): Promise<T>
}

const perUser = 4
const perReplica = 32
/** A read usually takes less time than this. */
const retryAfterMs = 500

/**
 * Limits how many long reads of one kind may run at the same time. Reads that wait for a connection count, too. `doThis` is the
 * verb in the message of a refusal.
 */
export function createReadSlots(doThis: string): ReadSlots {
  const taken = new Map<string, number>()
  let all = 0

  function take(viewer: User) {
    const own = taken.get(viewer.id) ?? 0
    if (own >= perUser) throw tooMany(`You may ${doThis} ${perUser} times at once.`)
    if (all >= perReplica) throw tooMany(`Too many people ${doThis} now. Try again in a moment.`)
    taken.set(viewer.id, own + 1)
    all++
  }

  function giveBack(viewer: User) {
    const left = (taken.get(viewer.id) ?? 1) - 1
    if (left > 0) taken.set(viewer.id, left)
    else taken.delete(viewer.id)
    all--
  }

  return {
    async within(viewer, work) {
      take(viewer)
      try {
        return await work()
      } finally {
        giveBack(viewer)
      }
    },
  }
}

function tooMany(message: string): ChatError {
  return new ChatError({ code: 'RATE_LIMITED', message, retryAfterMs })
}

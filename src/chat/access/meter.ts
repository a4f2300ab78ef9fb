import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { ChatError } from './error.ts'
import type { User } from './viewer.ts'

/** Gives back what was taken. */
export type GiveBack = () => Promise<void>

export interface Meter {
  /** Throws RATE_LIMITED, and then nothing was taken. */
  take(viewer: User, points?: number): Promise<GiveBack>
  /** What is left, and when all of it is there again; null where nothing is taken. */
  left(viewer: User): Promise<{ points: number; resetsAt: Date } | null>
}

const minuteSeconds = 60

/** What each person may take in a minute. Each replica counts for itself. `refusal` is a sentence for who takes more. */
export function createMeter(points: number, refusal: string): Meter {
  const limiter = new RateLimiterMemory({ points, duration: minuteSeconds })

  /** After its minute there is nothing to give back: it would be one more in the next. */
  function giver(viewer: User, taken: number, resetsAtMs: number): GiveBack {
    return async () => {
      if (Date.now() < resetsAtMs) await limiter.reward(viewer.id, taken)
    }
  }

  return {
    async take(viewer, taken = 1) {
      try {
        const { msBeforeNext } = await limiter.consume(viewer.id, taken)
        return giver(viewer, taken, Date.now() + msBeforeNext)
      } catch (full) {
        if (!(full instanceof RateLimiterRes)) throw full
        // What is refused was counted, too, and would outweigh what is given back.
        await limiter.reward(viewer.id, taken)
        const retryAfterMs = Math.ceil(full.msBeforeNext)
        throw new ChatError({ code: 'RATE_LIMITED', message: refusal, retryAfterMs })
      }
    },
    async left(viewer) {
      const used = await limiter.get(viewer.id)
      if (used === null) return null
      return { points: Math.max(0, used.remainingPoints), resetsAt: new Date(Date.now() + used.msBeforeNext) }
    },
  }
}

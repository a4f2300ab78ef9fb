import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { ChatError } from './error.ts'
import type { User } from './viewer.ts'

/** Gives the taken points back. */
export type GiveBack = () => Promise<void>

export interface Meter {
  /** Throws RATE_LIMITED, and then nothing was taken. */
  take(viewer: User, points?: number): Promise<GiveBack>
  /** The points that are left, and when all of them are available again; null if none were taken. */
  left(viewer: User): Promise<{ points: number; resetsAt: Date } | null>
}

const minuteSeconds = 60

/**
 * Limits the points that each user may take in a minute. Each replica counts separately. `refusal` is the message of the error.
 */
export function createMeter(points: number, refusal: string): Meter {
  const limiter = new RateLimiterMemory({ points, duration: minuteSeconds })

  /** After the minute nothing is given back, because that would allow more in the next minute. */
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
        // The limiter counts refused points, too, so they are given back.
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

import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { ChatError } from './error.ts'
import type { User } from './viewer.ts'

export interface Quota {
  requestsPerMinute: number | null
  requestsRemaining: number | null
  tokensPerDay: number | null
  tokensRemaining: number | null
  resetsAt: Date | null
}

export interface Limits {
  /** Counts a question to the model, and returns what gives it back where none was asked. Throws RATE_LIMITED. */
  takeRequest(viewer: User): Promise<() => Promise<void>>
  /** Returns what ends the stream's share. Throws RATE_LIMITED. */
  openStream(viewer: User): () => void
  quota(viewer: User): Promise<Quota>
}

const minuteSeconds = 60
/** Nobody knows when a stream ends: soon enough to try. */
const streamRetryMs = 1_000

/** Each replica counts for itself. */
export function createLimits(settings: { requestsPerMinute: number; streamsPerUser: number }): Limits {
  const { requestsPerMinute, streamsPerUser } = settings
  const requests = new RateLimiterMemory({ points: requestsPerMinute, duration: minuteSeconds })
  const streams = new Map<string, number>()

  /** After its minute there is nothing to give back: it would be one more in the next. */
  function giver(viewer: User, resetsAtMs: number) {
    return async () => {
      if (Date.now() < resetsAtMs) await requests.reward(viewer.id)
    }
  }

  return {
    async takeRequest(viewer) {
      try {
        const { msBeforeNext } = await requests.consume(viewer.id)
        return giver(viewer, Date.now() + msBeforeNext)
      } catch (refusal) {
        if (!(refusal instanceof RateLimiterRes)) throw refusal
        // What is refused was counted, too, and would outweigh what is given back.
        await requests.reward(viewer.id)
        const message = `You may ask ${requestsPerMinute} times a minute.`
        throw new ChatError({ code: 'RATE_LIMITED', message, retryAfterMs: Math.ceil(refusal.msBeforeNext) })
      }
    },
    openStream(viewer) {
      const open = streams.get(viewer.id) ?? 0
      if (open >= streamsPerUser) {
        const message = `You may have ${streamsPerUser} streams open at once.`
        throw new ChatError({ code: 'RATE_LIMITED', message, retryAfterMs: streamRetryMs })
      }
      streams.set(viewer.id, open + 1)
      let isOpen = true
      return () => {
        if (!isOpen) return
        isOpen = false
        const left = (streams.get(viewer.id) ?? 1) - 1
        if (left > 0) streams.set(viewer.id, left)
        else streams.delete(viewer.id)
      }
    },
    async quota(viewer) {
      const used = await requests.get(viewer.id)
      return {
        requestsPerMinute,
        requestsRemaining: used === null ? requestsPerMinute : Math.max(0, used.remainingPoints),
        tokensPerDay: null,
        tokensRemaining: null,
        resetsAt: used === null ? null : new Date(Date.now() + used.msBeforeNext),
      }
    },
  }
}

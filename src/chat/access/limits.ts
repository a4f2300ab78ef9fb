import { ChatError } from './error.ts'
import { createMeter, type GiveBack, type Meter } from './meter.ts'
import type { User } from './viewer.ts'

export interface Quota {
  requestsPerMinute: number | null
  requestsRemaining: number | null
  tokensPerDay: number | null
  tokensRemaining: number | null
  resetsAt: Date | null
}

/**
 * The limits for what a user may do in a minute, and at the same time. Each method throws RATE_LIMITED if its limit is reached.
 */
export interface Limits {
  /** Counts an attempt to ask a question, before any work for it. Refused and repeated questions are counted, too. */
  takeTry(viewer: User): Promise<void>
  /** Counts a question to the model, with the bytes of it that are stored. */
  takeRequest(viewer: User, bytes: number): Promise<GiveBack>
  /** Counts a preview, with the bytes of its input. */
  takePreview(viewer: User, bytes: number): Promise<void>
  /** Counts any other change, with the bytes of its input. */
  takeWrite(viewer: User, bytes: number): Promise<void>
  /** Counts an announcement that the viewer is writing. */
  takeTyping(viewer: User): Promise<void>
  /** Counts an open stream, until the returned function is called. */
  openStream(viewer: User): () => void
  quota(viewer: User): Promise<Quota>
}

/** It is not known when a stream will end, so clients may soon try again. */
const streamRetryMs = 1_000
/** Attempts in addition to the requests, because clients ask again after CONVERSATION_BUSY or after a lost connection. */
const triesBeside = 600
const previewsPerRequest = 10
const writesPerMinute = 3_000
const megabytesPerMinute = 32
/** An announcement lasts 6 seconds; clients send the next one after about 3 seconds. */
const typingsPerMinute = 60

export function createLimits(settings: { requestsPerMinute: number; streamsPerUser: number }): Limits {
  const { requestsPerMinute, streamsPerUser } = settings
  const [maxTries, maxPreviews] = [requestsPerMinute + triesBeside, requestsPerMinute * previewsPerRequest]
  const tries = createMeter(maxTries, `You may try to ask ${maxTries} times a minute.`)
  const requests = createMeter(requestsPerMinute, `You may ask ${requestsPerMinute} times a minute.`)
  const previews = createMeter(maxPreviews, `You may preview ${maxPreviews} questions a minute.`)
  const writes = createMeter(writesPerMinute, `You may change something ${writesPerMinute} times a minute.`)
  const bytes = createMeter(megabytesPerMinute * 1024 * 1024, `You may send ${megabytesPerMinute} MB a minute.`)
  const typings = createMeter(typingsPerMinute, `You may announce ${typingsPerMinute} times a minute that you write.`)
  const streams = createStreamCount(streamsPerUser)

  return {
    async takeTry(viewer) {
      await tries.take(viewer)
    },
    takeRequest: (viewer, size) => takeBoth(viewer, requests, bytes, size),
    async takePreview(viewer, size) {
      await takeBoth(viewer, previews, bytes, size)
    },
    async takeWrite(viewer, size) {
      await takeBoth(viewer, writes, bytes, size)
    },
    async takeTyping(viewer) {
      await typings.take(viewer)
    },
    openStream: streams.open,
    async quota(viewer) {
      const left = await requests.left(viewer)
      return {
        requestsPerMinute,
        requestsRemaining: left?.points ?? requestsPerMinute,
        tokensPerDay: null,
        tokensRemaining: null,
        resetsAt: left?.resetsAt ?? null,
      }
    },
  }
}

/** Takes a point and the bytes. If the bytes are refused, the point is given back. */
async function takeBoth(viewer: User, points: Meter, bytes: Meter, size: number): Promise<GiveBack> {
  const givePointBack = await points.take(viewer)
  try {
    const giveBytesBack = await bytes.take(viewer, size)
    return async () => void (await Promise.all([givePointBack(), giveBytesBack()]))
  } catch (error) {
    await givePointBack()
    throw error
  }
}

function createStreamCount(most: number) {
  const streams = new Map<string, number>()
  return {
    open(viewer: User): () => void {
      const open = streams.get(viewer.id) ?? 0
      if (open >= most) {
        const message = `You may have ${most} streams open at once.`
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
  }
}

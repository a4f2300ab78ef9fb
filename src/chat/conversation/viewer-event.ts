import { setTimeout as delay } from 'node:timers/promises'
import DataLoader from 'dataloader'
import { StoreError } from '../../database/error.ts'
import type { Conversations } from '../../store/conversation.ts'
import type { ParticipantKey } from '../../store/participant.ts'
import type { Limits } from '../access/limits.ts'
import type { Log } from '../access/log.ts'
import type { User } from '../access/viewer.ts'
import type { Conversation } from './conversation.ts'
import type { ListReader } from './list-reader.ts'
import type { ListChange, ListWatch } from './list-watch.ts'

/** A conversation comes as it is when the viewer gets to the event. */
export type ViewerEvent =
  | { kind: 'OPENED'; viewer: User }
  | { kind: 'APPEARED' | 'CHANGED'; conversation: Conversation }
  | { kind: 'DISAPPEARED'; conversationId: string }

export interface ViewerEvents {
  /** What changes in the viewer's list of conversations after OPENED. Throws RATE_LIMITED. */
  watch(viewer: User): AsyncIterableIterator<ViewerEvent>
}

export interface ViewerEventsOptions {
  conversations: Pick<Conversations, 'ofParticipants'>
  lists: Pick<ListReader, 'watch'>
  limits: Limits
  log: Log
}

/** Each may have a system prompt of 100,000 characters. */
const conversationsPerReading = 100
const retryMs = 1_000

export function createViewerEvents({ conversations, lists, limits, log }: ViewerEventsOptions): ViewerEvents {
  /** Where the database is away, the viewers wait. */
  async function find(keys: readonly ParticipantKey[]): Promise<(Conversation | null)[]> {
    for (;;) {
      try {
        return await conversations.ofParticipants(keys)
      } catch (error) {
        if (!(error instanceof StoreError)) throw error
        log.warn({ err: error }, 'what has changed in lists of conversations could not be read; viewers wait')
      }
      await delay(retryMs, undefined, { ref: false })
    }
  }

  // One statement for all viewers who hear of something at once. What was true before is of no use, so nothing is kept.
  const loader = new DataLoader(find, { cache: false, maxBatchSize: conversationsPerReading })

  return {
    watch(viewer) {
      const onLeave = limits.openStream(viewer)
      const find = (conversationId: string) => loader.load({ conversationId, userId: viewer.id })
      return watchList({ viewer, watch: lists.watch(viewer.id), find, onLeave })
    },
  }
}

interface ListFrom {
  viewer: User
  watch: ListWatch
  /** null where the viewer may not see it. */
  find(conversationId: string): Promise<Conversation | null>
  onLeave(): void
}

/** Iterated by hand, since a generator's return() would wait behind its pending next(). */
function watchList({ viewer, watch, find, onLeave }: ListFrom): AsyncIterableIterator<ViewerEvent> {
  let isDone = false

  function finish() {
    if (isDone) return
    isDone = true
    watch.leave()
    onLeave()
  }

  /** null for what came and went unheard. */
  async function eventOf(change: ListChange): Promise<ViewerEvent | null> {
    if (change.kind === 'OPENED') return { kind: 'OPENED', viewer }
    const { conversationId, wasListed } = change
    const conversation = await find(conversationId)
    if (conversation !== null) return { kind: wasListed ? 'CHANGED' : 'APPEARED', conversation }
    return wasListed ? { kind: 'DISAPPEARED', conversationId } : null
  }

  // Whoever iterates may not call return() after an error, and the stream would count against the viewer's limit for ever.
  async function eventOrFinish(change: ListChange): Promise<ViewerEvent | null> {
    try {
      return await eventOf(change)
    } catch (error) {
      finish()
      throw error
    }
  }

  return {
    async next() {
      while (!isDone) {
        const change = await watch.next()
        const event = change && (await eventOrFinish(change))
        if (event !== null && !isDone) return { done: false, value: event }
      }
      return { done: true, value: undefined }
    },
    async return() {
      finish()
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

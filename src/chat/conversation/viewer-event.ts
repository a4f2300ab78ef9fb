import { setTimeout as delay } from 'node:timers/promises'
import DataLoader from 'dataloader'
import { StoreError } from '../../database/error.ts'
import type { Conversations } from '../../store/conversation.ts'
import type { ParticipantKey } from '../../store/participant.ts'
import { createStepStream } from '../../stream/step-stream.ts'
import type { Limits } from '../access/limits.ts'
import type { Log } from '../access/log.ts'
import type { User } from '../access/viewer.ts'
import type { Conversation } from './conversation.ts'
import type { ListReader } from './list-reader.ts'
import type { ListChange, ListWatch } from './list-watch.ts'

/** The conversation of an event has the state in which it was when the viewer took the event. */
export type ViewerEvent =
  | { kind: 'OPENED'; viewer: User }
  | { kind: 'APPEARED' | 'CHANGED'; conversation: Conversation }
  | { kind: 'DISAPPEARED'; conversationId: string }

export interface ViewerEvents {
  /** The changes of the viewer's list of conversations, beginning with OPENED. Throws RATE_LIMITED. */
  watch(viewer: User): AsyncIterableIterator<ViewerEvent>
}

export interface ViewerEventsOptions {
  conversations: Pick<Conversations, 'ofParticipants'>
  lists: Pick<ListReader, 'watch'>
  limits: Limits
  log: Log
}

/** A small batch, because each conversation may have a system prompt of 100,000 characters. */
const conversationsPerReading = 100
const retryMs = 1_000

export function createViewerEvents({ conversations, lists, limits, log }: ViewerEventsOptions): ViewerEvents {
  /** While the database is away, the viewers wait. */
  async function find(keys: readonly ParticipantKey[]): Promise<(Conversation | null)[]> {
    for (;;) {
      try {
        return await conversations.ofParticipants(keys)
      } catch (error) {
        if (!(error instanceof StoreError)) throw error
        log.warn(
          { err: error },
          'changed conversations of lists could not be read; viewers wait until a retry succeeds',
        )
      }
      await delay(retryMs, undefined, { ref: false })
    }
  }

  // One statement for all viewers who take an event at the same time. Nothing is cached, because an earlier state is of no use.
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
  /** null if the viewer may not see the conversation. */
  find(conversationId: string): Promise<Conversation | null>
  onLeave(): void
}

function watchList({ viewer, watch, find, onLeave }: ListFrom): AsyncIterableIterator<ViewerEvent> {
  /** null for a conversation that appeared and disappeared before the viewer took the change. */
  async function eventOf(change: ListChange): Promise<ViewerEvent | null> {
    if (change.kind === 'OPENED') return { kind: 'OPENED', viewer }
    const { conversationId, wasListed, isListed } = change
    const conversation = await find(conversationId)
    if (conversation !== null) return { kind: wasListed ? 'CHANGED' : 'APPEARED', conversation }
    // If the access was lost after the list was read, the next read finds the loss, and the event comes once, then.
    return wasListed && !isListed ? { kind: 'DISAPPEARED', conversationId } : null
  }

  return createStepStream({
    async step() {
      const change = await watch.next()
      return change && eventOf(change)
    },
    onEnd() {
      watch.leave()
      onLeave()
    },
  })
}

import { StoreError } from '../../database/error.ts'
import type { Completion } from '../../store/completion.ts'
import type { StoredEvent } from '../../store/conversation-event.ts'
import type { Store } from '../../store/store.ts'
import { createStepStream } from '../../stream/step-stream.ts'
import { ChatError, type Failure, invalidInput, notFound } from '../access/error.ts'
import type { Limits } from '../access/limits.ts'
import type { User } from '../access/viewer.ts'
import type { ActiveCompletions } from '../answer/active-completion.ts'
import type { Conversation, Conversations } from './conversation.ts'
import type { EventReader, Watch } from './event-reader.ts'
import type { Message, Messages } from './message.ts'

/** The object of an event has the state in which it was when the viewer took the event, which may be newer than the event. */
export type ConversationEvent = { conversationId: string; cursor: string } & (
  | { kind: 'MESSAGE_CREATED'; message: Message }
  | { kind: 'MESSAGE_DELETED'; messageId: string }
  | { kind: 'COMPLETION_STARTED' | 'COMPLETION_FINISHED'; completion: Completion }
  | { kind: 'CONVERSATION_UPDATED' | 'PARTICIPANTS_CHANGED'; conversation: Conversation }
  | { kind: 'ACCESS_REVOKED' }
  | { kind: 'REJECTED'; failure: Failure }
)

export interface ConversationEvents {
  /**
   * The events after the cursor. At the loss of access the last one is ACCESS_REVOKED. If the viewer may not see the
   * conversation, or the cursor does not belong to it, the only event is REJECTED. Throws RATE_LIMITED.
   */
  watch(viewer: User, conversationId: string, after: string): Promise<AsyncIterable<ConversationEvent>>
}

export interface ConversationEventsOptions {
  store: Store
  reader: EventReader
  conversations: Conversations
  messages: Messages
  activeCompletions: ActiveCompletions
  limits: Limits
}

/** No cursor is longer than this. A longer text is not decoded. */
const longest = 100
const cursorForm = /^([0-9a-f-]{36}):(\d{1,10})$/

/** The position after this event of the conversation. */
export function writeEventCursor(conversationId: string, sequence: number): string {
  return Buffer.from(`${conversationId}:${sequence}`).toString('base64url')
}

function sequenceIn(cursor: string, conversationId: string, last: number): number | ChatError {
  const text = cursor.length > longest ? '' : Buffer.from(cursor, 'base64url').toString()
  const [, id, sequence] = cursorForm.exec(text) ?? []
  if (id === undefined) return invalidInput('after', 'is not a cursor of conversationEvents')
  if (id !== conversationId) return invalidInput('after', 'is a cursor of another conversation')
  if (Number(sequence) > last) return invalidInput('after', 'is beyond what has happened in this conversation')
  return Number(sequence)
}

async function* rejection(conversationId: string, cursor: string, { failure }: ChatError) {
  yield { kind: 'REJECTED' as const, conversationId, cursor, failure }
}

export function createConversationEvents(options: ConversationEventsOptions): ConversationEvents {
  const { store, reader, limits } = options

  async function sequenceAfter(viewer: User, conversationId: string, cursor: string): Promise<number | ChatError> {
    const last = await store.conversationEvents.last(viewer.id, conversationId)
    if (last === null) return notFound('conversation')
    return sequenceIn(cursor, conversationId, last)
  }

  return {
    async watch(viewer, conversationId, after) {
      const from = await sequenceAfter(viewer, conversationId, after)
      if (from instanceof ChatError) return rejection(conversationId, after, from)
      const onLeave = limits.openStream(viewer)
      return watchEvents({
        conversationId,
        from,
        watch: reader.watch(viewer.id, conversationId),
        find: (event) => find(options, viewer, conversationId, event),
        onLeave,
      })
    },
  }
}

/** Returns null if the viewer can no longer see the object: if it was deleted, a later event says so. */
async function find(
  { store, conversations, messages, activeCompletions }: ConversationEventsOptions,
  viewer: User,
  conversationId: string,
  { kind, subjectId, sequence }: StoredEvent,
): Promise<ConversationEvent | null> {
  const base = { conversationId, cursor: writeEventCursor(conversationId, sequence) }
  const id = subjectId ?? conversationId
  if (kind === 'MESSAGE_CREATED') {
    const [message] = await messages.find(viewer, [id])
    return message ? { ...base, kind, message } : null
  }
  if (kind === 'COMPLETION_STARTED' || kind === 'COMPLETION_FINISHED') {
    const [completion] = await store.completions.find(viewer.id, [id])
    return completion ? { ...base, kind, completion: activeCompletions.current(completion) } : null
  }
  const [conversation] = await conversations.find(viewer, [conversationId])
  if (conversation === undefined) return null
  return kind === 'MESSAGE_DELETED' ? { ...base, kind, messageId: id } : { ...base, kind, conversation }
}

interface EventsFrom {
  conversationId: string
  from: number
  watch: Watch
  find(event: StoredEvent): Promise<ConversationEvent | null>
  /** Called once, when the viewer has left or has lost access. */
  onLeave(): void
}

/**
 * A viewer is a position among the events, not a queue: a slow viewer holds one page of numbers and ids, and the rest stays in
 * the store.
 */
function watchEvents(options: EventsFrom): AsyncIterableIterator<ConversationEvent> {
  const { conversationId, from, watch, find, onLeave } = options
  let position = from
  let page: StoredEvent[] = []

  async function step(): Promise<ConversationEvent | null> {
    const [event] = page
    if (event === undefined) {
      const found = await watch.after(position)
      page = found ?? []
      return found === null
        ? { kind: 'ACCESS_REVOKED', conversationId, cursor: writeEventCursor(conversationId, position) }
        : null
    }
    const seen = await find(event)
    page.shift()
    position = event.sequence
    return seen
  }

  async function stepUnlessAway(): Promise<ConversationEvent | null> {
    try {
      return await step()
    } catch (error) {
      // While the database is away, the viewer waits, and the read is repeated from this position.
      page = []
      if (error instanceof StoreError) return null
      throw error
    }
  }

  return createStepStream({
    step: stepUnlessAway,
    isLast: ({ kind }) => kind === 'ACCESS_REVOKED',
    onEnd() {
      watch.leave()
      onLeave()
    },
  })
}

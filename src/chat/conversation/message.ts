import type { Bus } from '../../bus/bus.ts'
import type { Message, PathPage, PathSlice } from '../../store/message.ts'
import type { Store } from '../../store/store.ts'
import { ChatError, invalidInput, notFound } from '../access/error.ts'
import type { User } from '../access/viewer.ts'
import type { WithStreamingText } from '../answer/streaming-text.ts'
import { type CreateMessageInput, createMessage } from './create-message.ts'
import { deleteMessage } from './delete-message.ts'
import { createSearch, type SearchMessages } from './message-search.ts'
import { type Edge, type Page, type PageInput, rangeOf } from './page.ts'

export type {
  ContentPart,
  Message,
} from '../../store/message.ts'
export type { ToolCall } from '../../stream/choice.ts'
export type { CreateMessageInput } from './create-message.ts'

export interface PathRequest {
  conversationId: string
  /** The message that the path leads to; null for the viewer's current leaf. */
  leafId: string | null
  /** null for a viewer without a current leaf, whose path is empty. */
  viewerLeafId: string | null
  page: PageInput
}

export interface Messages {
  find(viewer: User, ids: readonly string[]): Promise<Message[]>
  /**
   * Slices of the paths from the root to the leaves, oldest first, or the error of a slice; empty for a conversation that the
   * viewer may not see.
   */
  path(viewer: User, asked: readonly PathRequest[]): Promise<(Page<Message> | ChatError)[]>
  /** Returns those of the ids whose messages are on the viewer's path, from the root to their current leaf. */
  onPath(viewer: User, ids: readonly string[]): Promise<string[]>
  /** By message, the newest `maxSiblings` siblings, including itself; empty for a message that the viewer may not see. */
  siblings(viewer: User, ids: readonly string[]): Promise<Map<string, Message[]>>
  /** By message, including itself; without messages that the viewer may not see. */
  siblingsCount(viewer: User, ids: readonly string[]): Promise<Map<string, number>>
  /** The best match first; empty for a conversation that the viewer may not see. Throws ChatError. */
  search: SearchMessages
  /** Throws ChatError. */
  create(viewer: User, input: CreateMessageInput): Promise<Message>
  /** Deletes a message. The messages after it stay. Throws ChatError. */
  remove(viewer: User, id: string): Promise<void>
}

export const maxSiblings = 200

const uuidForm = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/
const noCursor = (name: string) => invalidInput(name, 'is not a cursor of this list')

function sliceOf({ conversationId, page, ...leaves }: PathRequest): PathSlice {
  const { size, fromEnd, after, before } = rangeOf(page)
  for (const [name, cursor] of Object.entries({ after, before })) {
    if (cursor !== null && !uuidForm.test(cursor)) throw noCursor(name)
  }
  const leafId = leaves.leafId ?? leaves.viewerLeafId
  return { conversationId, leafId, after, before, first: fromEnd ? null : size, last: fromEnd ? size : null }
}

/** For an empty path only the bounds are checked. */
const needsReading = ({ leafId, after, before }: PathSlice) => leafId !== null || after !== null || before !== null

/** The edge of a message in `Conversation.messages`. */
export function messageEdge(node: Message): Edge<Message> {
  return { cursor: node.id, node }
}

function pageOf(
  { leafId }: PathRequest,
  path: PathPage | undefined,
  filled: ReadonlyMap<string, Message>,
): Page<Message> {
  // The viewer's current leaf may have been deleted since the conversation was read. Then the path is empty.
  if (path?.misplaced === 'leafId' && leafId !== null) throw notFound('message in this conversation')
  if (path?.misplaced === 'after' || path?.misplaced === 'before') throw noCursor(path.misplaced)
  return {
    edges: (path?.messages ?? []).map((message) => messageEdge(filled.get(message.id) ?? message)),
    hasPreviousPage: path?.hasPrevious ?? false,
    hasNextPage: path?.hasNext ?? false,
  }
}

/** An error in one of several slices does not affect the others. */
function attempt<Value>(make: () => Value): Value | ChatError {
  try {
    return make()
  } catch (error) {
    if (error instanceof ChatError) return error
    throw error
  }
}

export function createMessages(
  store: Store,
  bus: Bus,
  withStreamingText: WithStreamingText,
  cancel: (completionId: string) => Promise<void>,
): Messages {
  async function filled(messages: readonly Message[]): Promise<Map<string, Message>> {
    return new Map((await withStreamingText(messages)).map((message) => [message.id, message]))
  }

  async function visibleOf(viewer: User, slices: readonly PathSlice[]): Promise<PathSlice[]> {
    const asked = slices.map(({ conversationId }) => conversationId)
    const ids = (await store.conversations.find(viewer.id, asked)).map(({ id }) => id)
    return slices.filter(({ conversationId }) => ids.includes(conversationId))
  }

  return {
    find: async (viewer, ids) => withStreamingText(await store.messages.find(viewer.id, ids)),
    async path(viewer, asked) {
      const asks = asked.map((request) => ({ request, slice: attempt(() => sliceOf(request)) }))
      const right = asks.flatMap(({ slice }) => (slice instanceof ChatError || !needsReading(slice) ? [] : slice))
      const visible = right.length === 0 ? [] : await visibleOf(viewer, right)
      const paths = visible.length === 0 ? [] : await store.messages.paths(visible)
      const messages = await filled(paths.flatMap((path) => path.messages))
      return asks.map(({ request, slice }) => {
        if (slice instanceof ChatError) return slice
        return attempt(() => pageOf(request, paths[visible.indexOf(slice)], messages))
      })
    },
    onPath: (viewer, ids) => store.messages.onPath(viewer.id, ids),
    async siblings(viewer, ids) {
      const visible = await store.messages.find(viewer.id, ids)
      const groups = await store.messages.siblings(visible, maxSiblings)
      const messages = await filled([...new Set(groups.values())].flat())
      return new Map([...groups].map(([id, group]) => [id, group.map((item) => messages.get(item.id) ?? item)]))
    },
    siblingsCount: (viewer, ids) => store.messages.siblingsCount(viewer.id, ids),
    search: createSearch(store),
    create: (viewer, input) => createMessage(store, bus, viewer, input),
    async remove(viewer, id) {
      bus.publish('conversation', [await deleteMessage(store, cancel, viewer, id)])
    },
  }
}

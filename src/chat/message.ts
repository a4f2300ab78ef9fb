import type { Message, PathMessage, PathSlice } from '../store/message.ts'
import type { Store } from '../store/store.ts'
import { type CreateMessageInput, createMessage } from './create-message.ts'
import { invalidInput } from './error.ts'
import type { WithLiveText } from './live-text.ts'
import { type Page, type PageInput, rangeOf } from './page.ts'
import type { User } from './viewer.ts'

export type {
  ContentPart,
  Message,
  ToolCall,
} from '../store/message.ts'
export type { CreateMessageInput } from './create-message.ts'

export interface PathRequest {
  conversationId: string
  leafId: string
  page: PageInput
}

export interface Messages {
  find(viewer: User, ids: readonly string[]): Promise<Message[]>
  /** Slices of the paths from the root to the leaves, oldest first; empty where the viewer may not see the conversation. */
  path(viewer: User, asked: readonly PathRequest[]): Promise<Page<Message>[]>
  /** By message, itself among them; empty where the viewer may not see it. */
  siblings(viewer: User, ids: readonly string[]): Promise<Map<string, Message[]>>
  /** Throws ChatError. */
  create(viewer: User, input: CreateMessageInput): Promise<Message>
}

const uuidForm = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/

function sliceOf({ conversationId, leafId, page }: PathRequest): PathSlice {
  const { size, fromEnd, after, before } = rangeOf(page)
  for (const [name, cursor] of Object.entries({ after, before })) {
    if (cursor !== null && !uuidForm.test(cursor)) throw invalidInput(name, 'is no cursor of this list')
  }
  return { conversationId, leafId, after, before, first: fromEnd ? null : size, last: fromEnd ? size : null }
}

function pageOf(path: readonly PathMessage[], filled: ReadonlyMap<string, Message>): Page<Message> {
  const [first, last] = [path[0], path.at(-1)]
  return {
    edges: path.map(({ message }) => ({ cursor: message.id, node: filled.get(message.id) ?? message })),
    hasPreviousPage: first !== undefined && first.place > 1,
    hasNextPage: last !== undefined && last.place < last.total,
  }
}

export function createMessages(store: Store, withLiveText: WithLiveText): Messages {
  async function filled(messages: readonly Message[]): Promise<Map<string, Message>> {
    return new Map((await withLiveText(messages)).map((message) => [message.id, message]))
  }

  return {
    find: async (viewer, ids) => withLiveText(await store.messages.find(viewer.id, ids)),
    async path(viewer, asked) {
      const slices = asked.map(sliceOf)
      const conversations = await store.conversations.find(
        viewer.id,
        asked.map(({ conversationId }) => conversationId),
      )
      const visible = new Set(conversations.map(({ id }) => id))
      const paths = await store.messages.paths(slices.filter(({ conversationId }) => visible.has(conversationId)))
      const messages = await filled(paths.flat().map(({ message }) => message))
      return slices.map(({ conversationId }) => pageOf((visible.has(conversationId) && paths.shift()) || [], messages))
    },
    async siblings(viewer, ids) {
      const visible = await store.messages.find(viewer.id, ids)
      const groups = await store.messages.siblings(visible.map(({ id }) => id))
      const messages = await filled([...groups.values()].flat())
      return new Map([...groups].map(([id, group]) => [id, group.map((item) => messages.get(item.id) ?? item)]))
    },
    create: (viewer, input) => createMessage(store, viewer, input),
  }
}

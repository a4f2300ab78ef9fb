import { v7 as uuid } from 'uuid'
import { z } from 'zod'
import type { Bus } from '../../bus/bus.ts'
import type { Usage } from '../../store/completion.ts'
import type { CompletionDefaults, Conversation, ConversationChange } from '../../store/conversation.ts'
import type { Participant, ParticipantRole } from '../../store/participant.ts'
import type { Store } from '../../store/store.ts'
import { noUsage } from '../../store/usage/usage.ts'
import { storableJson } from '../../stream/text.ts'
import { checkKey, inputHash } from '../access/idempotency-key.ts'
import { createCheck, text, within } from '../access/input-check.ts'
import { permitted } from '../access/permission.ts'
import type { User } from '../access/viewer.ts'
import { modelName } from '../prompt/model.ts'
import { ranges } from '../prompt/parameter-limits.ts'
import { createByKey } from './conversation-key.ts'
import { noDefaults } from './insertion-point.ts'
import { type Edge, type Page, type PageInput, rangeOf, readSortKey, writeSortKey } from './page.ts'

export type { CompletionDefaults, Conversation } from '../../store/conversation.ts'
export type { Participant, ParticipantRole } from '../../store/participant.ts'

export interface ConversationInput {
  title?: string | null
  systemPrompt?: string | null
  /** null removes a setting. */
  defaults?: { [Name in keyof CompletionDefaults]?: CompletionDefaults[Name] | null } | null
}

export interface ConversationFilter {
  archived?: boolean | null
  titleContains?: string | null
  role?: ParticipantRole | null
}

export interface CreateConversationInput extends ConversationInput {
  idempotencyKey?: string | null
}

export interface Conversations {
  find(viewer: User, ids: readonly string[]): Promise<Conversation[]>
  /** The conversation that changed last comes first. */
  list(viewer: User, filter: ConversationFilter | null, page: PageInput): Promise<Page<Conversation>>
  /** Creates a conversation, or returns the one that was created with the same key and input. Throws ChatError. */
  create(viewer: User, input: CreateConversationInput): Promise<Conversation>
  /** Absent fields do not change; null removes a value. Throws ChatError. */
  update(viewer: User, id: string, input: ConversationInput & { archived?: boolean | null }): Promise<Conversation>
  /** Deletes the conversation and cancels its completions in progress. Throws ChatError. */
  remove(viewer: User, id: string): Promise<void>
  /**
   * Deletes the conversation if the viewer is its OWNER and nothing was written in it but the question and the answer with
   * which it began. Resolves with false otherwise.
   */
  removeUntouched(viewer: User, id: string): Promise<boolean>
  /** For those of the conversations that the viewer may see. */
  participants(viewer: User, conversationIds: readonly string[]): Promise<Participant[]>
  /** By conversation, counted up to `maxUnread`; without conversations that the viewer may not see. */
  unreadCounts(viewer: User, conversationIds: readonly string[]): Promise<Map<string, number>>
  /** In the order of the ids; empty for a conversation that the viewer may not see. */
  usage(viewer: User, conversationIds: readonly string[]): Promise<Usage[]>
}

/** How many unread messages are counted at most. */
export const maxUnread = 100

const endsMs = 2_000
const title = text(1_000)

const checkInput = createCheck<ConversationInput>(
  z.object({
    title: title.nullish(),
    systemPrompt: text(100_000).nullish(),
    defaults: z
      .object({
        model: modelName.nullish(),
        temperature: within(ranges.temperature).nullish(),
        topP: within(ranges.topP).nullish(),
        maxTokens: within(ranges.tokens).nullish(),
      })
      .nullish(),
  }),
)

const checkFilter = createCheck<ConversationFilter | null>(z.object({ titleContains: title.nullish() }).nullable())

function changeOf({ title, systemPrompt, defaults }: ConversationInput): ConversationChange {
  const change: ConversationChange = {}
  if (title !== undefined) change.title = title
  if (systemPrompt !== undefined) change.systemPrompt = systemPrompt
  if (defaults !== undefined) {
    const { contextStrategy, ...rest } = defaults ?? noDefaults
    const given = Object.entries(rest).filter(([, value]) => value !== undefined)
    Object.assign(change, Object.fromEntries(given))
    if (contextStrategy !== undefined) change.contextStrategy = contextStrategy ?? noDefaults.contextStrategy
  }
  return storableJson(change)
}

/** The edge of a conversation in the viewer's current list of conversations. */
export function conversationEdge(node: Conversation): Edge<Conversation> {
  return { cursor: writeSortKey({ time: node.updatedAt, id: node.id }), node }
}

export function createConversations(
  store: Store,
  bus: Bus,
  cancel: (completionId: string, signal: AbortSignal) => Promise<void>,
): Conversations {
  const { conversations } = store

  async function visibleIds(viewer: User, ids: readonly string[]): Promise<string[]> {
    return (await conversations.find(viewer.id, ids)).map(({ id }) => id)
  }

  /** Waits until the completions have ended, but no longer than `endsMs`: the completions of a lost replica end later. */
  async function cancelEach(completionIds: readonly string[]) {
    const signal = AbortSignal.timeout(endsMs)
    try {
      // The latest is cancelled first: otherwise waiting completions would take the turn of the one that ends.
      for (const id of completionIds.toReversed()) await cancel(id, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  return {
    find: (viewer, ids) => conversations.find(viewer.id, ids),
    async list(viewer, given, page) {
      checkFilter(given, 'filter')
      const { size, fromEnd, ...bounds } = rangeOf(page)
      const after = readSortKey(bounds.after, 'after')
      const before = readSortKey(bounds.before, 'before')
      const { archived = null, titleContains = null, role = null } = storableJson(given ?? {})
      const filter = { archived, titleContains, role }
      // If a bound was deleted or has moved, there may be no item left on its other side.
      const [found, hasAbove, hasBelow] = await Promise.all([
        conversations.slice(viewer.id, { filter, after, before, take: size + 1, fromEnd }),
        after !== null && conversations.goesBeyond(viewer.id, filter, 'after', after),
        before !== null && conversations.goesBeyond(viewer.id, filter, 'before', before),
      ])
      const hasMore = found.length > size
      const kept = hasMore ? (fromEnd ? found.slice(1) : found.slice(0, -1)) : found
      return {
        edges: kept.map(conversationEdge),
        hasNextPage: hasBelow || (!fromEnd && hasMore),
        hasPreviousPage: hasAbove || (fromEnd && hasMore),
      }
    },
    async create(viewer, { idempotencyKey, ...input }) {
      checkInput(input, 'input')
      checkKey(idempotencyKey, 'input.idempotencyKey')
      const key = idempotencyKey ? { key: idempotencyKey, inputHash: inputHash(input) } : null
      return createByKey(store, viewer, key, async () => {
        const conversation = await conversations.create(viewer.id, uuid(), changeOf(input), key)
        bus.publish('conversation', [conversation.id])
        return conversation
      })
    },
    async update(viewer, id, input) {
      await permitted(store, viewer, id, ['OWNER', 'EDITOR'], 'change it')
      checkInput(input, 'input')
      const change = changeOf(input)
      if (input.archived !== undefined) change.archivedAt = input.archived ? new Date() : null
      await conversations.update(id, change)
      bus.publish('conversation', [id])
      return permitted(store, viewer, id, ['OWNER', 'EDITOR'], 'change it')
    },
    async remove(viewer, id) {
      await permitted(store, viewer, id, ['OWNER'], 'delete it')
      // The completions are cancelled first, so that viewers get their end before they lose access to the conversation.
      await cancelEach((await store.completions.active([id])).map((completion) => completion.id))
      const begunMeanwhile = await conversations.remove(id)
      bus.publish('access', [id])
      await cancelEach(begunMeanwhile)
    },
    async removeUntouched(viewer, id) {
      const isRemoved = await conversations.removeUntouched(viewer.id, id)
      if (isRemoved) bus.publish('access', [id])
      return isRemoved
    },
    async participants(viewer, conversationIds) {
      return store.participants.ofConversations(await visibleIds(viewer, conversationIds))
    },
    unreadCounts: (viewer, ids) => store.messages.unreadCounts(viewer.id, ids, maxUnread),
    async usage(viewer, conversationIds) {
      const found = await store.usages.ofConversations(await visibleIds(viewer, conversationIds))
      return conversationIds.map((id) => found.get(id) ?? noUsage)
    },
  }
}

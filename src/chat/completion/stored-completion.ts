import type { Completion } from '../../store/completion.ts'
import type { Message } from '../../store/message.ts'
import type { Store } from '../../store/store.ts'
import type { KeyValue, Slice } from '../../store/stored-completion.ts'
import { storableJson, storableText } from '../../stream/text.ts'
import { ChatError, invalidInput, notFound } from '../access/error.ts'
import { permitted } from '../access/permission.ts'
import { createReadSlots } from '../access/read-slots.ts'
import type { User } from '../access/viewer.ts'
import type { ConversationModule } from '../conversation/conversation-module.ts'
import { checkMetadata } from '../prompt/completion-check.ts'
import type { Completions } from './completion.ts'

export type { Slice } from '../../store/stored-completion.ts'

export interface ListRequest {
  /** The id of the item before the page. */
  after: string | null
  isDescending: boolean
  limit: number
}

export interface CompletionListRequest extends ListRequest {
  model: string | null
  /** Every pair must be in the metadata of a completion. */
  metadata: readonly KeyValue[]
}

/** A completion that was stored, with what belongs to it. */
export interface StoredCompletion {
  completion: Completion
  /** Its answers by choice, at least one. */
  choices: readonly Message[]
  /** The parameters by their wire names, without the messages. */
  parameters: Readonly<Record<string, unknown>>
}

/**
 * The completions with `store: true`, from their end until their answers are deleted. Each method throws ChatError: NOT_FOUND
 * for any other completion, and CONVERSATION_BUSY for one that has not ended.
 */
export interface StoredCompletions {
  find(viewer: User, id: string): Promise<StoredCompletion>
  /** The COMPLETED ones that the viewer requested. The read is cancelled when the signal aborts. */
  list(viewer: User, request: CompletionListRequest, signal: AbortSignal): Promise<Slice<StoredCompletion>>
  /** The messages that were sent for the completion: the newest 200, as in its context report. */
  messages(viewer: User, id: string, request: ListRequest): Promise<Slice<Message>>
  /** Replaces the metadata. */
  setMetadata(viewer: User, id: string, metadata: readonly KeyValue[]): Promise<StoredCompletion>
  /**
   * Deletes the answers of the completion, or the whole conversation if it has nothing else and the viewer is its OWNER. The
   * question stays in a conversation that has more.
   */
  remove(viewer: User, id: string): Promise<void>
}

const maxListed = 100

export interface StoredCompletionsOptions {
  store: Store
  completions: Pick<Completions, 'find' | 'requests' | 'choices'>
  conversation: Pick<ConversationModule, 'conversations' | 'messages'>
}

function checkLimit({ limit }: ListRequest): void {
  if (!(Number.isInteger(limit) && limit >= 1 && limit <= maxListed)) {
    throw invalidInput('limit', `takes 1 to ${maxListed}`)
  }
}

function stillWritten(completion: Completion): ChatError {
  const message = 'The answer is still being written. Try again when it has ended.'
  return new ChatError({ code: 'CONVERSATION_BUSY', message, completion })
}

/** The part of the list that follows this id. Throws INVALID_INPUT. */
function following(ids: readonly string[], { after, isDescending }: ListRequest): string[] {
  const sorted = isDescending ? ids.toReversed() : [...ids]
  if (after === null) return sorted
  if (!sorted.includes(after)) throw invalidInput('after', 'takes the id of a message of this completion')
  return sorted.slice(sorted.indexOf(after) + 1)
}

export function createStoredCompletions(options: StoredCompletionsOptions): StoredCompletions {
  const { store, completions, conversation } = options
  const slots = createReadSlots('list completions')

  async function withContents(found: readonly Completion[]): Promise<StoredCompletion[]> {
    if (found.length === 0) return []
    const [choices, requests] = await Promise.all([
      completions.choices(found),
      completions.requests(found.map(({ id }) => id)),
    ])
    return found.map((completion, index) => {
      const parameters = requests.get(completion.id)?.parameters ?? {}
      return { completion, choices: choices[index] ?? [], parameters }
    })
  }

  async function find(viewer: User, id: string): Promise<StoredCompletion> {
    const [completion] = await completions.find(viewer, [id])
    if (!completion?.stored) throw notFound('stored completion')
    if (completion.status === 'IN_PROGRESS') throw stillWritten(completion)
    const [stored] = await withContents([completion])
    if (!stored?.choices.length) throw notFound('stored completion')
    return stored
  }

  return {
    find,
    async list(viewer, request, signal) {
      checkLimit(request)
      checkMetadata(request.metadata, 'metadata')
      const { limit: take, model, metadata, ...range } = request
      const filter = { model: model === null ? null : storableText(model), metadata: storableJson(metadata) }
      return slots.within(viewer, async () => {
        const slice = { ...range, ...filter, take }
        const { items, hasMore } = await store.storedCompletions.slice(viewer.id, slice, signal)
        return { items: await withContents(items), hasMore }
      })
    },
    async messages(viewer, id, request) {
      checkLimit(request)
      await find(viewer, id)
      const ids = (await completions.requests([id])).get(id)?.messageIds ?? []
      return store.storedCompletions.messages(viewer.id, following(ids, request), request.limit)
    },
    async setMetadata(viewer, id, metadata) {
      checkMetadata(metadata, 'metadata')
      const { completion } = await find(viewer, id)
      await permitted(store, viewer, completion.conversationId ?? '', ['OWNER', 'EDITOR'], 'change its completions')
      const isChanged = await store.storedCompletions.setMetadata(viewer.id, id, storableJson(metadata))
      if (!isChanged) throw notFound('stored completion')
      return find(viewer, id)
    },
    async remove(viewer, id) {
      const { completion, choices } = await find(viewer, id)
      if (await conversation.conversations.removeUntouched(viewer, completion.conversationId ?? '')) return
      for (const answer of choices) await conversation.messages.remove(viewer, answer.id)
    },
  }
}

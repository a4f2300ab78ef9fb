import { z } from 'zod'
import { ChatError } from '../chat/access/error.ts'
import type { User } from '../chat/access/viewer.ts'
import type { Chat } from '../chat/chat.ts'
import type { Slice, StoredCompletion } from '../chat/completion/stored-completion.ts'
import type { Message } from '../chat/conversation/message.ts'
import { wireMessage } from '../chat/prompt/wire-message.ts'
import { readId, writeId } from '../schema/global-id.ts'
import type { Answer } from './answer.ts'
import { completionId, readCompletionId, wireCompletion } from './completion.ts'
import { parse } from './completion-request.ts'
import { completionError, failureError, invalid } from './error.ts'
import { readListQuery } from './list-query.ts'

/** The requests for stored completions. Each of them rejects with OpenaiError. */
export interface StoredCompletionRequests {
  list(viewer: User, query: URLSearchParams, signal: AbortSignal): Promise<Answer>
  retrieve(viewer: User, id: string): Promise<Answer>
  messages(viewer: User, id: string, query: URLSearchParams): Promise<Answer>
  /** Replaces the metadata. */
  update(viewer: User, id: string, body: unknown): Promise<Answer>
  remove(viewer: User, id: string): Promise<Answer>
}

const change = z.strictObject({ metadata: z.record(z.string(), z.string()).nullable() })

/** These parameters are shown with a stored completion; null if they were not given. */
const shown = [
  ...['temperature', 'top_p', 'presence_penalty', 'frequency_penalty', 'seed'],
  ...['tools', 'tool_choice', 'response_format'],
]

function wireStored({ completion, choices, parameters }: StoredCompletion) {
  return {
    ...wireCompletion(completion, choices, 'functions' in parameters),
    request_id: completion.requestId,
    metadata: Object.fromEntries(completion.metadata.map(({ key, value }) => [key, value])),
    ...Object.fromEntries(shown.map((name) => [name, parameters[name] ?? null])),
  }
}

/** Throws the error with which the completion ended, unless the answer is complete. */
function wholeAnswer(stored: StoredCompletion): Answer {
  const { completion } = stored
  if (completion.status === 'COMPLETED') {
    return { conversationId: completion.conversationId, body: wireStored(stored) }
  }
  // The same request would get the same error, so clients are told not to repeat it.
  throw completionError({ ...completion, error: completion.error && { ...completion.error, retryable: false } })
}

function wireStoredMessage(message: Message) {
  const { content = null, ...rest } = wireMessage(message) ?? { role: message.role.toLowerCase() }
  const isText = typeof content === 'string'
  return {
    id: writeId('Message', message.id),
    ...rest,
    content: isText ? content : null,
    content_parts: isText ? null : content,
    name: message.name,
    ...(message.reasoning !== null && { reasoning_content: message.reasoning }),
  }
}

function wireList<Item>({ items, hasMore }: Slice<Item>, wire: (item: Item) => { id: string }): Answer {
  const data = items.map(wire)
  const ends = { first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null }
  return { conversationId: null, body: { object: 'list', data, ...ends, has_more: hasMore } }
}

/** The list is sorted by id, so it can begin after the id of a deleted completion, too. Throws OpenaiError if the text is no id. */
function placeAfter(text: string): string {
  const id = readCompletionId(text)
  if (completionId({ id }) !== text) throw invalid('after', 'takes the id of a completion')
  return id
}

async function told<Value>(work: Promise<Value>): Promise<Value> {
  try {
    return await work
  } catch (error) {
    throw error instanceof ChatError ? failureError(error.failure) : error
  }
}

export function createStoredCompletionRequests({ storedCompletions }: Chat): StoredCompletionRequests {
  return {
    async list(viewer, query, signal) {
      const { after, ...request } = readListQuery(query, ['after', 'limit', 'order', 'model', 'metadata'])
      const range = { ...request, after: after === null ? null : placeAfter(after) }
      return wireList(await told(storedCompletions.list(viewer, range, signal)), wireStored)
    },
    async retrieve(viewer, id) {
      return wholeAnswer(await told(storedCompletions.find(viewer, readCompletionId(id))))
    },
    async messages(viewer, id, query) {
      const { after, ...request } = readListQuery(query, ['after', 'limit', 'order'])
      const range = { ...request, after: after === null ? null : readId('Message', after) }
      return wireList(await told(storedCompletions.messages(viewer, readCompletionId(id), range)), wireStoredMessage)
    },
    async update(viewer, id, body) {
      const { metadata } = parse(change, body, '')
      const pairs = Object.entries(metadata ?? {}).map(([key, value]) => ({ key, value }))
      return wholeAnswer(await told(storedCompletions.setMetadata(viewer, readCompletionId(id), pairs)))
    },
    async remove(viewer, id) {
      await told(storedCompletions.remove(viewer, readCompletionId(id)))
      return { conversationId: null, body: { object: 'chat.completion.deleted', id, deleted: true } }
    },
  }
}

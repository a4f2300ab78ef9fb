import type { Message } from '../../store/message.ts'
import type { Store } from '../../store/store.ts'
import { inputHash } from '../access/idempotency-key.ts'
import type { User } from '../access/viewer.ts'
import type { CompletionInput } from '../prompt/completion-input.ts'
import type { MessageInput } from '../prompt/message-input.ts'
import { type InsertionPoint, insertionPointOf } from './insertion-point.ts'
import { newMessage } from './new-message.ts'

export interface QuestionPlace {
  insertionPoint: InsertionPoint
  /** The messages of the question that are new at this place. */
  messages: readonly MessageInput[]
}

const pageSize = 200

/** Finds the place of a question, and which of its messages are new there. Throws NOT_FOUND or FORBIDDEN. */
export async function placeOf(store: Store, viewer: User, input: CompletionInput): Promise<QuestionPlace> {
  const insertionPoint = await insertionPointOf(store, viewer, input)
  const { conversation, isNew } = insertionPoint
  if (!input.isWholeHistory || conversation === null || isNew) return { insertionPoint, messages: input.messages }
  const { id: conversationId, viewerLeafId } = conversation
  const known = viewerLeafId === null ? [] : await sharedStart(store, conversationId, viewerLeafId, input.messages)
  // The place is not the current leaf, which may move meanwhile, because the client has not seen what others write.
  const place = { ...insertionPoint, parentId: known.at(-1) ?? null, isAtLeaf: false }
  return { insertionPoint: place, messages: input.messages.slice(known.length) }
}

/** Returns the ids of the messages at the beginning of the path to this leaf that equal the beginning of the history. */
async function sharedStart(
  store: Store,
  conversationId: string,
  leafId: string,
  history: readonly MessageInput[],
): Promise<string[]> {
  const known: string[] = []
  for (;;) {
    const slice = { conversationId, leafId, after: known.at(-1) ?? null, before: null, first: pageSize, last: null }
    const [page] = await store.messages.paths([slice])
    for (const message of page?.messages ?? []) {
      const given = history[known.length]
      if (given === undefined || wordsOf(message) !== wordsGiven(given)) return known
      known.push(message.id)
    }
    if (!page?.hasNext || page.messages.length === 0) return known
  }
}

function wordsGiven(message: MessageInput): string {
  return wordsOf(newMessage(message, { conversationId: '', parentId: null, authorId: null }))
}

/**
 * Equal for messages with the same content. Clients send a text as one string or in parts, an answer without text as null or as
 * an empty string, and a refusal as the text of an answer.
 */
function wordsOf({ role, content, refusal, parts, name, toolCalls, toolCallId }: Omit<Message, 'id'>): string {
  const isText = parts === null || parts.every(({ type }) => type === 'text')
  return inputHash({ role, said: isText ? (content ?? refusal ?? '') : parts, name, toolCalls, toolCallId })
}

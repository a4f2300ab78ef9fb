import type { Bus } from '../../bus/bus.ts'
import type { Conversation } from '../../store/conversation.ts'
import type { Message } from '../../store/message.ts'
import type { Store } from '../../store/store.ts'
import { ChatError, invalidInput, notFound } from '../access/error.ts'
import { checkKey, inputHash } from '../access/idempotency-key.ts'
import type { User } from '../access/viewer.ts'
import { checkMessage, type MessageInput } from '../prompt/message-input.ts'
import { writableConversation } from './insertion-point.ts'
import { newMessage } from './new-message.ts'

export interface CreateMessageInput {
  conversationId: string
  message: MessageInput
  /** If absent, the viewer's current leaf. */
  parentId?: string | null
  /** For an edit: the new message becomes a sibling of this one. */
  replaces?: string | null
  idempotencyKey?: string | null
}

/** Inserts a message without asking the model. Throws ChatError. */
export async function createMessage(store: Store, bus: Bus, viewer: User, input: CreateMessageInput): Promise<Message> {
  checkMessage(input.message, 'input.message')
  checkKey(input.idempotencyKey, 'input.idempotencyKey')
  const { idempotencyKey, ...asked } = input
  const key = idempotencyKey ?? null
  const hash = key === null ? null : inputHash(asked)
  const known = await replay(store, viewer, input, hash)
  if (known !== null) return known
  const conversation = await writableConversation(store, viewer, input.conversationId)
  const parent = await parentOf(store, viewer, conversation, input)
  if (parent !== null) await refuseWhileStreaming(store, parent)
  const position = { conversationId: conversation.id, parentId: parent?.id ?? null, authorId: viewer.id }
  const message = { ...newMessage(input.message, position), idempotencyKey: key, inputHash: hash }
  if (await store.messages.create(message, isAtLeaf(input))) {
    bus.publish('conversation', [conversation.id])
    return message
  }
  // Nothing was inserted: the key was used meanwhile, the leaf has moved, or the viewer has lost the right to write.
  return createMessage(store, bus, viewer, input)
}

const isAtLeaf = ({ parentId, replaces }: CreateMessageInput) => !parentId && !replaces

async function replay(store: Store, viewer: User, input: CreateMessageInput, hash: string | null) {
  const known = input.idempotencyKey ? await store.messages.byKey(viewer.id, input.idempotencyKey) : null
  if (known === null) return null
  const isSame = known.inputHash === hash
  const [visible] = isSame ? await store.messages.find(viewer.id, [known.message.id]) : []
  if (visible !== undefined) return visible
  // The same error as after a deletion of the conversation, so that a removed participant does not learn whether it still
  // exists.
  await writableConversation(store, viewer, input.conversationId)
  if (isSame) throw notFound('message: what this key wrote was deleted')
  throw new ChatError({ code: 'IDEMPOTENCY_CONFLICT', message: 'This idempotency key was used for another message.' })
}

async function parentOf(store: Store, viewer: User, conversation: Conversation, input: CreateMessageInput) {
  const { parentId, replaces } = input
  if (parentId && replaces) {
    throw invalidInput(
      'input.replaces',
      'cannot be combined with `parentId`: an edit stands where the edited message does',
    )
  }
  const replaced = replaces ? await inConversation(store, viewer, replaces, conversation.id) : null
  const id = replaced === null ? (parentId ?? conversation.viewerLeafId) : replaced.parentId
  return id === null ? null : inConversation(store, viewer, id, conversation.id)
}

async function inConversation(store: Store, viewer: User, id: string, conversationId: string): Promise<Message> {
  const [message] = await store.messages.find(viewer.id, [id])
  if (message === undefined || message.conversationId !== conversationId) throw notFound('message in this conversation')
  return message
}

async function refuseWhileStreaming(store: Store, { status, completionId }: Message): Promise<void> {
  if (status !== 'STREAMING' || completionId === null) return
  const [completion] = await store.completions.load([completionId])
  if (completion === undefined || completion.status !== 'IN_PROGRESS') return
  const message = 'The message before the new one is still being written.'
  throw new ChatError({ code: 'CONVERSATION_BUSY', message, completion })
}

import { v7 as uuid } from 'uuid'
import type { CompletionDefaults, Conversation } from '../../store/conversation.ts'
import type { Store } from '../../store/store.ts'
import { forbidden, notFound } from '../access/error.ts'
import type { User } from '../access/viewer.ts'
import type { CompletionInput } from '../prompt/completion-input.ts'

/** Where a question stands. */
export interface InsertionPoint {
  /** null where nothing is stored and no conversation is named. */
  conversation: Conversation | null
  isNew: boolean
  /** The message that it comes after; null at the root. */
  parentId: string | null
  /** It comes after the viewer's current leaf, wherever that is by then. */
  isAtLeaf: boolean
}

export const noDefaults: CompletionDefaults = {
  model: null,
  temperature: null,
  topP: null,
  maxTokens: null,
  contextStrategy: 'FULL',
}

function freshConversation(): Conversation {
  const now = new Date()
  const parts = { title: null, systemPrompt: null, defaults: noDefaults, archivedAt: null, viewerLeafId: null }
  return { id: uuid(), ...parts, createdAt: now, updatedAt: now, lastEvent: 0, viewerRole: 'OWNER' }
}

/** Throws NOT_FOUND or FORBIDDEN. */
export async function insertionPointOf(store: Store, viewer: User, input: CompletionInput): Promise<InsertionPoint> {
  const isStored = input.store !== false
  if (!input.conversationId && !input.parentId) {
    return { conversation: isStored ? freshConversation() : null, isNew: isStored, parentId: null, isAtLeaf: false }
  }
  const parent = input.parentId ? await visibleMessage(store, viewer, input.parentId) : null
  const conversation = await writableConversation(store, viewer, input.conversationId ?? parent?.conversationId ?? '')
  if (parent !== null && parent.conversationId !== conversation.id) throw notFound('message in this conversation')
  const parentId = isStored ? (parent?.id ?? conversation.viewerLeafId) : null
  return { conversation, isNew: false, parentId, isAtLeaf: isStored && parent === null }
}

async function visibleMessage(store: Store, viewer: User, id: string) {
  const [message] = await store.messages.find(viewer.id, [id])
  if (message === undefined) throw notFound('message')
  return message
}

/** Throws NOT_FOUND, or FORBIDDEN for a VIEWER. */
export async function writableConversation(store: Store, viewer: User, id: string): Promise<Conversation> {
  const [conversation] = await store.conversations.find(viewer.id, [id])
  if (conversation === undefined) throw notFound('conversation')
  if (conversation.viewerRole === 'VIEWER') throw forbidden('As a VIEWER of this conversation you may read, not write.')
  return conversation
}

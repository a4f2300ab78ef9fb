import { v7 as uuid } from 'uuid'
import type { CompletionDefaults, Conversation } from '../../store/conversation.ts'
import type { Store } from '../../store/store.ts'
import { forbidden, notFound } from '../access/error.ts'
import type { User } from '../access/viewer.ts'
import type { CompletionInput } from '../prompt/completion-input.ts'

/** Where a question is inserted. */
export interface InsertionPoint {
  /** null if nothing is stored and the request names no conversation. */
  conversation: Conversation | null
  isNew: boolean
  /** The message before the question; null at the root. */
  parentId: string | null
  /** The question is inserted after the viewer's current leaf, and only if that has not moved. */
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
  if (conversation.viewerRole === 'VIEWER') throw forbidden('A VIEWER of this conversation may read but not write.')
  return conversation
}

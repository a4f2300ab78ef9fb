import { StoreError } from '../../database/error.ts'
import type { Conversation } from '../../store/conversation.ts'
import type { Store } from '../../store/store.ts'
import { ChatError, notFound } from '../access/error.ts'
import type { IdempotencyKey } from '../access/idempotency-key.ts'
import type { User } from '../access/viewer.ts'

/** Returns the conversation that the key created before, or creates it. Throws ChatError. */
export async function createByKey(
  store: Store,
  viewer: User,
  key: IdempotencyKey | null,
  create: () => Promise<Conversation>,
): Promise<Conversation> {
  if (key === null) return create()
  const known = await createdBefore(store, viewer, key)
  if (known !== null) return known
  try {
    return await create()
  } catch (error) {
    // A simultaneous request with the same key was faster.
    const isConflict = error instanceof StoreError && error.code === 'CONFLICT'
    const other = isConflict ? await createdBefore(store, viewer, key) : null
    if (other === null) throw error
    return other
  }
}

async function createdBefore(
  { conversations }: Store,
  viewer: User,
  { key, inputHash }: IdempotencyKey,
): Promise<Conversation | null> {
  const known = await conversations.byKey(viewer.id, key)
  if (known === null) return null
  if (known.inputHash !== inputHash) {
    const message = 'This idempotency key was used for another conversation.'
    throw new ChatError({ code: 'IDEMPOTENCY_CONFLICT', message })
  }
  const [conversation] = await conversations.find(viewer.id, [known.conversationId])
  if (conversation === undefined) throw notFound('conversation')
  return conversation
}

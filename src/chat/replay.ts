import type { Completion } from '../store/completion.ts'
import type { Store } from '../store/store.ts'
import { ChatError, notFound } from './error.ts'
import type { LiveAnswers } from './live.ts'
import type { Key } from './preparation.ts'
import type { User } from './viewer.ts'

/** What the key began before; null where it is new. Throws IDEMPOTENCY_CONFLICT, or NOT_FOUND for what was deleted. */
export async function replay(store: Store, lives: LiveAnswers, viewer: User, key: Key): Promise<Completion | null> {
  const known = await store.completions.byKey(viewer.id, key.key)
  if (known === null) return null
  const { completion, isDeleted } = known
  if (completion.inputHash !== key.inputHash) {
    throw new ChatError({ code: 'IDEMPOTENCY_CONFLICT', message: 'This idempotency key was used with another input.' })
  }
  const [visible] = isDeleted ? [] : await store.completions.find(viewer.id, [completion.id])
  if (visible === undefined) throw notFound('completion: what this key began was deleted')
  return lives.get(completion.id)?.completion ?? completion
}

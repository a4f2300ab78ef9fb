import type { Model } from '../chat/prompt/model.ts'

export function wireModel({ id, created, ownedBy, upstream }: Model) {
  return { id, object: 'model', created: created ?? 0, owned_by: ownedBy ?? upstream }
}

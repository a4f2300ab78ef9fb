import { LRUCache } from 'lru-cache'
import { v7 as uuid } from 'uuid'
import type { Store } from '../../store/store.ts'
import type { User } from '../../store/user.ts'
import { storableText } from '../../stream/text.ts'

export type { User } from '../../store/user.ts'

export interface Viewers {
  /** Returns the user of a subject. It creates the user at the first sign-in, and updates a name that has changed. */
  of(identity: { subject: string; name: string | null }): Promise<User>
  /**
   * Finds those of these users that the viewer may see: the viewer, and everybody who shares, or has shared, a conversation
   * with them.
   */
  find(viewer: User, ids: readonly string[]): Promise<User[]>
}

const maxCachedUsers = 10_000

export function createViewers({ users }: Store): Viewers {
  const cache = new LRUCache<string, User>({ max: maxCachedUsers })
  const underWay = new Map<string, Promise<User>>()

  async function ensure(subject: string, name: string | null): Promise<User> {
    const user = await users.ensure({ id: uuid(), subject, name })
    cache.set(subject, user)
    return user
  }

  return {
    async of({ subject, name }) {
      const cached = cache.get(subject)
      const storableName = name === null ? null : storableText(name)
      if (cached !== undefined && (storableName === null || storableName === cached.name)) return cached
      // Simultaneous first requests share one statement: many would wait for each other's commit of the same row, and hold all
      // connections meanwhile.
      const key = JSON.stringify([subject, storableName])
      const ensuring = underWay.get(key) ?? ensure(subject, storableName).finally(() => underWay.delete(key))
      underWay.set(key, ensuring)
      return ensuring
    },
    find: (viewer, ids) => users.findVisible(viewer.id, ids),
  }
}

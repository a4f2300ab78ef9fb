import { v7 as uuid } from 'uuid'
import type { Store } from '../../store/store.ts'
import type { User } from '../../store/user.ts'
import { storableText } from '../../stream/text.ts'

export type { User } from '../../store/user.ts'

export interface Viewers {
  /** The first sight of a subject makes its user; a name that has changed is taken over. */
  of(identity: { subject: string; name: string | null }): Promise<User>
  /** Of these, the viewer and those who share a conversation with the viewer, or did before they left it. */
  find(viewer: User, ids: readonly string[]): Promise<User[]>
}

const rememberedUsers = 10_000

export function createViewers({ users }: Store): Viewers {
  const known = new Map<string, User>()
  const asked = new Map<string, Promise<User>>()

  async function ensure(subject: string, name: string | null): Promise<User> {
    const user = await users.ensure({ id: uuid(), subject, name })
    if (known.size >= rememberedUsers) known.clear()
    known.set(subject, user)
    return user
  }

  return {
    async of({ subject, name }) {
      const found = known.get(subject)
      const told = name === null ? null : storableText(name)
      if (found !== undefined && (told === null || told === found.name)) return found
      // A hundred first requests would wait for each other's commit in one row, and hold all connections meanwhile.
      const key = JSON.stringify([subject, told])
      const asking = asked.get(key) ?? ensure(subject, told).finally(() => asked.delete(key))
      asked.set(key, asking)
      return asking
    },
    find: (viewer, ids) => users.findVisible(viewer.id, ids),
  }
}

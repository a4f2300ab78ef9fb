import type { Database } from '../database/database.ts'
import { StoreError } from '../database/error.ts'

export interface User {
  id: string
  /** What the sign-in calls this person. */
  subject: string
  name: string | null
  createdAt: Date
}

export interface Users {
  /** The first sight of a subject makes its user; a name, where there is one, replaces the last. */
  ensure(user: { id: string; subject: string; name: string | null }): Promise<User>
  /** Of these, the viewer and those who share a conversation with the viewer, or did before they left it. */
  findVisible(viewerId: string, ids: readonly string[]): Promise<User[]>
  exists(id: string): Promise<boolean>
}

export function createUsers({ prisma }: Database): Users {
  return {
    async ensure({ id, subject, name }) {
      try {
        // One statement. With nothing to update Prisma would look and then insert, and lose against who inserts meanwhile.
        return await prisma.user.upsert({
          where: { subject },
          create: { id, subject, name },
          update: name === null ? { subject } : { subject, name },
        })
      } catch (error) {
        if (!(error instanceof StoreError && error.code === 'READ_ONLY')) throw error
        // Whoever was here before can still read.
        const known = await prisma.user.findUnique({ where: { subject } })
        if (known === null) throw error
        return known
      }
    },
    findVisible(viewerId, ids) {
      const sharesWithViewer = { conversation: { participants: { some: { userId: viewerId } } } }
      const met = [{ participations: { some: sharesWithViewer } }, { departures: { some: sharesWithViewer } }]
      return prisma.user.findMany({ where: { id: { in: [...ids] }, OR: [{ id: viewerId }, ...met] } })
    },
    exists: async (id) => (await prisma.user.count({ where: { id } })) === 1,
  }
}

import type { Database } from '../database/database.ts'
import { StoreError } from '../database/error.ts'

export interface User {
  id: string
  /** The identifier of the person at the sign-in. */
  subject: string
  name: string | null
  createdAt: Date
}

export interface Users {
  /** Returns the user of a subject. Creates the user at the first sign-in; a name, if there is one, replaces the old name. */
  ensure(user: { id: string; subject: string; name: string | null }): Promise<User>
  /**
   * Finds those of the users that the viewer may see: the viewer, and everybody who shares, or has shared, a conversation with
   * them.
   */
  findVisible(viewerId: string, ids: readonly string[]): Promise<User[]>
  exists(id: string): Promise<boolean>
}

export function createUsers({ prisma }: Database): Users {
  return {
    async ensure({ id, subject, name }) {
      try {
        // This is one statement. If there were nothing to update, Prisma would read and then insert, and fail if the row is
        // inserted in between.
        return await prisma.user.upsert({
          where: { subject },
          create: { id, subject, name },
          update: name === null ? { subject } : { subject, name },
        })
      } catch (error) {
        if (!(error instanceof StoreError && error.code === 'READ_ONLY')) throw error
        // A user who has signed in before can still read.
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

import type { Database } from './database.ts'

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
    // One statement. With nothing to update Prisma would look and then insert, and lose against who inserts meanwhile.
    ensure: ({ id, subject, name }) =>
      prisma.user.upsert({
        where: { subject },
        create: { id, subject, name },
        update: name === null ? { subject } : { subject, name },
      }),
    findVisible(viewerId, ids) {
      const sharesWithViewer = { conversation: { participants: { some: { userId: viewerId } } } }
      const met = [{ participations: { some: sharesWithViewer } }, { departures: { some: sharesWithViewer } }]
      return prisma.user.findMany({ where: { id: { in: [...ids] }, OR: [{ id: viewerId }, ...met] } })
    },
    exists: async (id) => (await prisma.user.count({ where: { id } })) === 1,
  }
}

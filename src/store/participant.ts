import type { Database } from './database.ts'

export type ParticipantRole = 'OWNER' | 'EDITOR' | 'VIEWER'

export interface Participant {
  conversationId: string
  userId: string
  role: ParticipantRole
  joinedAt: Date
  currentLeafId: string | null
  lastReadMessageId: string | null
}

export interface Participants {
  /** Of several conversations, by the time they joined. */
  ofConversations(conversationIds: readonly string[]): Promise<Participant[]>
}

export function createParticipants({ prisma }: Database): Participants {
  return {
    ofConversations: (conversationIds) =>
      prisma.participant.findMany({
        where: { conversationId: { in: [...conversationIds] } },
        orderBy: [{ joinedAt: 'asc' }, { userId: 'asc' }],
      }),
  }
}

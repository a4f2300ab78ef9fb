import type { Database } from '../database/database.ts'
import { type Columns, statement } from '../database/statement.ts'
import { recordEvents } from './conversation-event.ts'
import { withConversationLock } from './conversation-lock.ts'

export type ParticipantRole = 'OWNER' | 'EDITOR' | 'VIEWER'

export interface Participant {
  conversationId: string
  userId: string
  role: ParticipantRole
  joinedAt: Date
  currentLeafId: string | null
  lastReadMessageId: string | null
}

/** A user and a conversation in which they are, or shall become, a participant. */
export interface ParticipantKey {
  conversationId: string
  userId: string
}

/**
 * Changes are made by an OWNER, who must still be an OWNER at the time of the write. The last OWNER of a conversation can
 * neither be removed nor get another role.
 */
export interface Participants {
  /** The participants of several conversations, in the order in which they joined. */
  ofConversations(conversationIds: readonly string[]): Promise<Participant[]>
  find(key: ParticipantKey): Promise<Participant | null>
  /** Finds those of the participants whose conversation has the viewer as a participant. */
  findVisible(viewerId: string, keys: readonly ParticipantKey[]): Promise<Participant[]>
  /** Returns those of the keys whose user is not a participant. */
  absent(keys: readonly ParticipantKey[]): Promise<ParticipantKey[]>
  /**
   * The new participant gets the current leaf of the owner. Resolves with false, and writes nothing, if the user is already a
   * participant or does not exist, or if the conversation already has `most` participants.
   */
  add(ownerId: string, key: ParticipantKey, role: ParticipantRole, most: number): Promise<boolean>
  /**
   * Resolves with the waiting completions of a participant who becomes a VIEWER, which have to be cancelled. Resolves with
   * null, and writes nothing, if the change is not allowed.
   */
  setRole(ownerId: string, key: ParticipantKey, role: ParticipantRole): Promise<Cancelled | null>
  /**
   * Participants who remove themselves do not have to be an OWNER. Resolves with the waiting completions of the removed
   * participant, which have to be cancelled. Resolves with null, and writes nothing, if the removal is not allowed.
   */
  remove(removerId: string, key: ParticipantKey): Promise<Cancelled | null>
}

/** The ids of the completions that have to be cancelled. */
export type Cancelled = string[]

const absentSql = statement<ParticipantKey>(
  `
  SELECT DISTINCT key.conversation_id AS "conversationId", key.user_id AS "userId"
  FROM unnest($1::uuid[], $2::uuid[]) AS key(conversation_id, user_id)
  WHERE NOT EXISTS (
    SELECT FROM participants p WHERE p.conversation_id = key.conversation_id AND p.user_id = key.user_id)`,
  { conversationId: 'text', userId: 'text' },
)

/** The last part of a WITH that has `changed(conversation_id)`. */
export const participantsChanged = `
  happened AS (SELECT conversation_id, 'PARTICIPANTS_CHANGED' AS kind, null::uuid AS subject_id FROM changed), ${recordEvents}`

const addSql = statement(`
  WITH changed AS (
    INSERT INTO participants (conversation_id, user_id, role, current_leaf_id)
    SELECT p.conversation_id, u.id, $4::participant_role, p.current_leaf_id FROM participants p JOIN users u ON u.id = $3::uuid
    WHERE p.conversation_id = $1::uuid AND p.user_id = $2::uuid AND p.role = 'OWNER'
      AND (SELECT count(*) FROM participants others WHERE others.conversation_id = $1::uuid) < $5::int
    ON CONFLICT DO NOTHING RETURNING conversation_id
  ), ${participantsChanged}
  SELECT conversation_id FROM changed`)

const isOwner = `EXISTS (
  SELECT FROM participants o WHERE o.conversation_id = $1::uuid AND o.user_id = $2::uuid AND o.role = 'OWNER')`

const hasOtherOwner = `EXISTS (
  SELECT FROM participants o WHERE o.conversation_id = $1::uuid AND o.user_id <> $3::uuid AND o.role = 'OWNER')`

// A participant who may no longer write may not ask either, so their waiting questions are cancelled before they are sent.
const cancelWaiting = `cancelled AS (
    UPDATE completions c SET cancel_requested_at = now() FROM silenced s
    WHERE c.conversation_id = s.conversation_id AND c.requester_id = s.user_id AND c.status = 'IN_PROGRESS'
      AND c.stored AND c.turn_id IS NULL
    RETURNING c.id
  ), ${participantsChanged}
  SELECT ARRAY(SELECT id::text FROM cancelled) AS cancelled FROM changed`

const cancelled: Columns<{ cancelled: Cancelled }> = { cancelled: 'list' }

const setRoleSql = statement<{ cancelled: Cancelled }>(
  `
  WITH changed AS (
    UPDATE participants SET role = $4::participant_role WHERE conversation_id = $1::uuid AND user_id = $3::uuid
      AND ${isOwner} AND ($4::participant_role = 'OWNER' OR ${hasOtherOwner})
    RETURNING conversation_id, user_id, role
  ), silenced AS (SELECT * FROM changed WHERE role = 'VIEWER'), ${cancelWaiting}`,
  cancelled,
)

const removeSql = statement<{ cancelled: Cancelled }>(
  `
  WITH changed AS (
    DELETE FROM participants WHERE conversation_id = $1::uuid AND user_id = $3::uuid
      AND ($2::uuid = $3::uuid OR ${isOwner}) AND ${hasOtherOwner}
    RETURNING conversation_id, user_id
  ), departed AS (
    INSERT INTO departures AS known (conversation_id, user_id, removed_at)
    SELECT conversation_id, user_id, CASE WHEN user_id <> $2::uuid THEN now() END FROM changed
    ON CONFLICT (conversation_id, user_id) DO UPDATE SET removed_at = coalesce(excluded.removed_at, known.removed_at)
  ), silenced AS (SELECT * FROM changed), ${cancelWaiting}`,
  cancelled,
)

export function createParticipants(database: Database): Participants {
  const { prisma, query } = database
  return {
    ofConversations: (conversationIds) =>
      prisma.participant.findMany({
        where: { conversationId: { in: [...conversationIds] } },
        orderBy: [{ joinedAt: 'asc' }, { userId: 'asc' }],
      }),
    find: (key) => prisma.participant.findUnique({ where: { conversationId_userId: key } }),
    findVisible: (viewerId, keys) =>
      prisma.participant.findMany({
        where: {
          OR: keys.map(({ conversationId, userId }) => ({ conversationId, userId })),
          conversation: { participants: { some: { userId: viewerId } } },
        },
      }),
    absent: (keys) =>
      query(absentSql, [keys.map(({ conversationId }) => conversationId), keys.map(({ userId }) => userId)]),
    async add(ownerId, { conversationId, userId }, role, most) {
      const values = [conversationId, ownerId, userId, role, most]
      return (await withConversationLock(database, conversationId, addSql, values)) !== null
    },
    async setRole(ownerId, { conversationId, userId }, role) {
      const values = [conversationId, ownerId, userId, role]
      return (await withConversationLock(database, conversationId, setRoleSql, values))?.cancelled ?? null
    },
    async remove(removerId, { conversationId, userId }) {
      const values = [conversationId, removerId, userId]
      return (await withConversationLock(database, conversationId, removeSql, values))?.cancelled ?? null
    },
  }
}

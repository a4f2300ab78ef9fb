import type { Database } from '../database/database.ts'
import { type Columns, listOf, statement } from '../database/statement.ts'
import { withConversationLock } from './conversation-lock.ts'
import { type ParticipantRole, participantsChanged } from './participant.ts'

export interface Invitation {
  id: string
  conversationId: string
  inviterId: string
  role: ParticipantRole
  createdAt: Date
  expiresAt: Date
  /** Null if there is no limit. */
  maxUses: number | null
  uses: number
  revokedAt: Date | null
}

export interface NewInvitation extends Omit<Invitation, 'createdAt' | 'uses' | 'revokedAt'> {
  tokenHash: string
}

export interface Entrance {
  conversationId: string
  /** False if the user was already a participant. */
  isNew: boolean
}

export interface Invitations {
  /**
   * Resolves with null, and writes nothing, if the conversation already has `most` valid invitations. Rejects with StoreError
   * GONE if the conversation was deleted meanwhile.
   */
  create(invitation: NewInvitation, most: number): Promise<Invitation | null>
  /** Finds those of the invitations whose conversation has the user as an OWNER. */
  find(userId: string, ids: readonly string[]): Promise<Invitation[]>
  /** The invitations with which people can join now: for each conversation the latest `most`, the latest first. */
  open(conversationIds: readonly string[], most: number): Promise<Invitation[]>
  /** Revokes an invitation if the user is an OWNER. The time of the first revocation stays. */
  revoke(userId: string, id: string): Promise<void>
  /**
   * Adds the user as a participant, with the current leaf of the inviter. Resolves with null, and writes nothing, if the
   * invitation is no longer valid for the user, and with FULL if the conversation already has `most` participants.
   */
  accept(tokenHash: string, userId: string, most: number): Promise<Entrance | 'FULL' | null>
}

interface Refused {
  conversationId: string
  isKnown: boolean
  isFull: boolean
}

const columns: Columns<Invitation> = {
  id: 'text',
  conversationId: 'text',
  inviterId: 'text',
  role: 'text',
  createdAt: 'time',
  expiresAt: 'time',
  maxUses: 'number',
  uses: 'number',
  revokedAt: 'time',
}
const list = listOf('i', columns)
const isOpen = 'i.revoked_at IS NULL AND i.expires_at > now() AND (i.max_uses IS NULL OR i.uses < i.max_uses)'
const isOwn = `EXISTS (
  SELECT FROM participants p WHERE p.conversation_id = i.conversation_id AND p.user_id = $1::uuid AND p.role = 'OWNER')`

// The time is that of the database's clock, which also records when participants are removed.
const createSql = statement<Invitation>(
  `
  INSERT INTO invitations AS i (token_hash, id, conversation_id, inviter_id, role, expires_at, max_uses)
  SELECT $1, $2::uuid, $3::uuid, $4::uuid, $5::participant_role, $6::timestamptz, $7::int
  WHERE (SELECT count(*) FROM invitations i WHERE i.conversation_id = $3::uuid AND ${isOpen}) < $8::int
  RETURNING ${list}`,
  columns,
)

const findSql = statement<Invitation>(
  `SELECT ${list} FROM invitations i WHERE i.id = ANY($2::uuid[]) AND ${isOwn}`,
  columns,
)

const openSql = statement<Invitation>(
  `
  SELECT open.* FROM unnest($1::uuid[]) AS asked (id), LATERAL (
    SELECT ${list} FROM invitations i
    JOIN participants inviter ON inviter.conversation_id = i.conversation_id AND inviter.user_id = i.inviter_id
      AND inviter.role = 'OWNER'
    WHERE i.conversation_id = asked.id AND ${isOpen} ORDER BY i.created_at DESC, i.id DESC LIMIT $2
  ) open`,
  columns,
)

const revokeSql = statement(
  `UPDATE invitations i SET revoked_at = now() WHERE i.id = $2 AND i.revoked_at IS NULL AND ${isOwn}`,
)

// The invitation is locked after the participants and read in its current state, so that no use is lost or counted twice.
const acceptSql = statement<{ conversationId: string }>(
  `
  WITH here AS (
    SELECT p.user_id, p.role, p.current_leaf_id FROM participants p
    JOIN invitations i ON i.conversation_id = p.conversation_id WHERE i.token_hash = $1
  ), invitation AS (
    SELECT conversation_id, inviter_id, role, created_at FROM invitations
    WHERE token_hash = $1 AND revoked_at IS NULL AND expires_at > now() AND (max_uses IS NULL OR uses < max_uses)
      AND (SELECT count(*) FROM here) BETWEEN 1 AND $3::int - 1
    FOR NO KEY UPDATE
  ), changed AS (
    INSERT INTO participants (conversation_id, user_id, role, current_leaf_id)
    SELECT i.conversation_id, $2::uuid, i.role, inviter.current_leaf_id
    FROM invitation i JOIN here inviter ON inviter.user_id = i.inviter_id AND inviter.role = 'OWNER'
    WHERE NOT EXISTS (SELECT FROM participants p WHERE p.conversation_id = i.conversation_id AND p.user_id = $2::uuid)
      AND NOT EXISTS (
        SELECT FROM departures d
        WHERE d.conversation_id = i.conversation_id AND d.user_id = $2::uuid AND d.removed_at >= i.created_at)
    ON CONFLICT DO NOTHING RETURNING conversation_id
  ), used AS (UPDATE invitations SET uses = uses + 1 FROM changed WHERE token_hash = $1), ${participantsChanged}
  SELECT conversation_id AS "conversationId" FROM changed`,
  { conversationId: 'text' },
)

// Finds out why nobody was added: the user is already a participant, or the conversation is full.
const refusedSql = statement<Refused>(
  `
  SELECT i.conversation_id AS "conversationId", p.user_id IS NOT NULL AS "isKnown", ${isOpen}
    AND (SELECT count(*) FROM participants all_of WHERE all_of.conversation_id = i.conversation_id) >= $3::int AS "isFull"
  FROM invitations i LEFT JOIN participants p ON p.conversation_id = i.conversation_id AND p.user_id = $2
  WHERE i.token_hash = $1`,
  { conversationId: 'text', isKnown: 'boolean', isFull: 'boolean' },
)

export function createInvitations(database: Database): Invitations {
  const { prisma, query } = database
  return {
    async create({ tokenHash, id, conversationId, inviterId, role, expiresAt, maxUses }, most) {
      const values = [tokenHash, id, conversationId, inviterId, role, expiresAt, maxUses, most]
      return (await query(createSql, values))[0] ?? null
    },
    find: (userId, ids) => query(findSql, [userId, ids]),
    open: (conversationIds, most) => query(openSql, [conversationIds, most]),
    async revoke(userId, id) {
      await query(revokeSql, [userId, id])
    },
    async accept(tokenHash, userId, most) {
      const values = [tokenHash, userId, most]
      const invitation = await prisma.invitation.findUnique({ where: { tokenHash }, select: { conversationId: true } })
      if (invitation === null) return null
      const joined = await withConversationLock(database, invitation.conversationId, acceptSql, values)
      if (joined !== null) return { ...joined, isNew: true }
      const [refused] = await query(refusedSql, values)
      if (refused?.isKnown) return { conversationId: refused.conversationId, isNew: false }
      return refused?.isFull ? 'FULL' : null
    },
  }
}

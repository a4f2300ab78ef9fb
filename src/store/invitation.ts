import type { Database } from './database.ts'
import { type ParticipantRole, participantsChanged } from './participant.ts'
import { lockParticipants } from './participant-lock.ts'

export interface NewInvitation {
  tokenHash: string
  conversationId: string
  inviterId: string
  role: ParticipantRole
  expiresAt: Date
  maxUses: number | null
}

export interface Entrance {
  conversationId: string
  /** False where they took part before. */
  isNew: boolean
}

export interface Invitations {
  /** Rejects with StoreError GONE where the conversation was deleted meanwhile. */
  create(invitation: NewInvitation): Promise<void>
  /** They begin where the inviter stands. Null, and nothing written, where it lets them in no longer. */
  accept(tokenHash: string, userId: string): Promise<Entrance | null>
}

// Made by the database's clock, which also says when people were removed.
const createSql = `
  INSERT INTO invitations (token_hash, conversation_id, inviter_id, role, expires_at, max_uses)
  VALUES ($1, $2, $3, $4, $5, $6)`

// The invitation is locked after the people, and read as it is then, so that no use is lost or counted twice.
const acceptSql = `
  WITH here AS (${lockParticipants('(SELECT conversation_id FROM invitations WHERE token_hash = $1)')}),
  invitation AS (
    SELECT conversation_id, inviter_id, role, created_at FROM invitations
    WHERE token_hash = $1 AND expires_at > now() AND (max_uses IS NULL OR uses < max_uses)
      AND (SELECT count(*) FROM here) > 0
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
  SELECT conversation_id AS "conversationId" FROM changed`

const knownSql = `
  SELECT i.conversation_id AS "conversationId" FROM invitations i
  JOIN participants p ON p.conversation_id = i.conversation_id AND p.user_id = $2 WHERE i.token_hash = $1`

export function createInvitations({ query }: Database): Invitations {
  return {
    async create({ tokenHash, conversationId, inviterId, role, expiresAt, maxUses }) {
      await query(createSql, [tokenHash, conversationId, inviterId, role, expiresAt, maxUses])
    },
    async accept(tokenHash, userId) {
      const [joined] = await query<{ conversationId: string }>(acceptSql, [tokenHash, userId])
      if (joined !== undefined) return { ...joined, isNew: true }
      const [known] = await query<{ conversationId: string }>(knownSql, [tokenHash, userId])
      return known === undefined ? null : { ...known, isNew: false }
    },
  }
}

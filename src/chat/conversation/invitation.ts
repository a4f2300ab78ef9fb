import { createHash, randomBytes } from 'node:crypto'
import { v7 as uuid } from 'uuid'
import type { Bus } from '../../bus/bus.ts'
import { StoreError } from '../../database/error.ts'
import type { Conversation } from '../../store/conversation.ts'
import type { Invitation } from '../../store/invitation.ts'
import type { ParticipantRole } from '../../store/participant.ts'
import type { Store } from '../../store/store.ts'
import { invalidInput, notFound } from '../access/error.ts'
import { permitted } from '../access/permission.ts'
import type { User } from '../access/viewer.ts'
import { maxParticipants } from './participant.ts'

export interface InvitationInput {
  conversationId: string
  role: ParticipantRole
  /** If absent, in seven days. */
  expiresAt?: Date | null
  /** If absent, there is no limit. */
  maxUses?: number | null
}

export type { Invitation } from '../../store/invitation.ts'

export interface NewInvitation {
  /** The token, which is stored nowhere. */
  token: string
  invitation: Invitation
}

export interface Invitations {
  /** Finds those of the invitations whose conversation has the viewer as an OWNER. */
  find(viewer: User, ids: readonly string[]): Promise<Invitation[]>
  /** The valid invitations of each conversation that has the viewer as an OWNER, the latest first. */
  ofConversations(viewer: User, conversationIds: readonly string[]): Promise<Map<string, Invitation[]>>
  /** Throws ChatError. */
  create(viewer: User, input: InvitationInput): Promise<NewInvitation>
  /** Revokes an invitation. People who joined with it stay. Throws ChatError. */
  revoke(viewer: User, id: string): Promise<Invitation>
  /**
   * Makes the viewer a participant, or changes nothing if they are one. Throws ChatError, the same for every kind of invalid
   * token.
   */
  accept(viewer: User, token: string): Promise<Conversation>
}

const tokenBytes = 32
/** valid invitations of a conversation */
export const maxOpenInvitations = 100
/** No token is longer than this. A longer text is not looked up. */
const longest = 100
const dayMs = 24 * 60 * 60_000
const defaultMs = 7 * dayMs
const maxValidMs = 366 * dayMs

const hashOf = (token: string) => createHash('sha256').update(token).digest('base64url')

function checkedRole(role: ParticipantRole): ParticipantRole {
  if (role !== 'OWNER') return role
  throw invalidInput(
    'input.role',
    'takes EDITOR or VIEWER, since anybody may come by the token; updateParticipant makes an OWNER',
  )
}

function checkedEnd(expiresAt: Date | null): Date {
  const now = Date.now()
  const end = expiresAt?.getTime() ?? now + defaultMs
  if (end > now && end <= now + maxValidMs) return new Date(end)
  throw invalidInput('input.expiresAt', 'takes a time in the future, and within a year')
}

function checkedUses(maxUses: number | null): number | null {
  if (maxUses === null || maxUses >= 1) return maxUses
  throw invalidInput('input.maxUses', `takes 1 or more, not ${maxUses}`)
}

export function createInvitations(store: Store, bus: Bus): Invitations {
  async function created(invitation: Parameters<Store['invitations']['create']>[0]): Promise<Invitation | null> {
    try {
      return await store.invitations.create(invitation, maxOpenInvitations)
    } catch (error) {
      throw error instanceof StoreError && error.code === 'GONE' ? notFound('conversation') : error
    }
  }

  return {
    find: (viewer, ids) => store.invitations.find(viewer.id, ids),
    async ofConversations(viewer, conversationIds) {
      const found = await store.conversations.find(viewer.id, conversationIds)
      const owned = found.filter(({ viewerRole }) => viewerRole === 'OWNER').map(({ id }) => id)
      const invitations = owned.length === 0 ? [] : await store.invitations.open(owned, maxOpenInvitations)
      return new Map(owned.map((id) => [id, invitations.filter(({ conversationId }) => conversationId === id)]))
    },
    async revoke(viewer, id) {
      await store.invitations.revoke(viewer.id, id)
      const [invitation] = await store.invitations.find(viewer.id, [id])
      if (invitation === undefined) throw notFound('invitation')
      return invitation
    },
    async create(viewer, { conversationId, ...input }) {
      await permitted(store, viewer, conversationId, ['OWNER'], 'invite people')
      const role = checkedRole(input.role)
      const expiresAt = checkedEnd(input.expiresAt ?? null)
      const maxUses = checkedUses(input.maxUses ?? null)
      const token = randomBytes(tokenBytes).toString('base64url')
      const given = { id: uuid(), conversationId, inviterId: viewer.id, role, expiresAt, maxUses }
      const invitation = await created({ ...given, tokenHash: hashOf(token) })
      if (invitation === null) {
        const problem = `names a conversation with ${maxOpenInvitations} invitations that let people in, the most; revoke one first`
        throw invalidInput('input.conversationId', problem)
      }
      return { token, invitation }
    },
    async accept(viewer, token) {
      const entrance =
        token.length > longest ? null : await store.invitations.accept(hashOf(token), viewer.id, maxParticipants)
      if (entrance === null) throw notFound('invitation')
      if (entrance === 'FULL') {
        throw invalidInput('token', `invites to a conversation with the maximum of ${maxParticipants} participants`)
      }
      if (entrance.isNew) bus.publish('conversation', [entrance.conversationId])
      const [conversation] = await store.conversations.find(viewer.id, [entrance.conversationId])
      if (conversation === undefined) throw notFound('invitation')
      return conversation
    },
  }
}

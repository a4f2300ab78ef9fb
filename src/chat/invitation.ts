import { createHash, randomBytes } from 'node:crypto'
import type { Conversation } from '../store/conversation.ts'
import { StoreError } from '../store/error.ts'
import type { ParticipantRole } from '../store/participant.ts'
import type { Store } from '../store/store.ts'
import type { Bus } from '../stream/bus.ts'
import { invalidInput, notFound } from './error.ts'
import { permitted } from './permission.ts'
import type { User } from './viewer.ts'

export interface InvitationInput {
  conversationId: string
  role: ParticipantRole
  /** Absent: in seven days. */
  expiresAt?: Date | null
  /** Absent: as many as come. */
  maxUses?: number | null
}

export interface Invitation {
  /** Known here alone. */
  token: string
  expiresAt: Date
}

export interface Invitations {
  /** Throws ChatError. */
  create(viewer: User, input: InvitationInput): Promise<Invitation>
  /** Throws ChatError, the same whatever is the matter with the token. Who takes part already stays as they are. */
  accept(viewer: User, token: string): Promise<Conversation>
}

const tokenBytes = 32
const dayMs = 24 * 60 * 60_000
const defaultMs = 7 * dayMs
const longestMs = 366 * dayMs

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
  if (end > now && end <= now + longestMs) return new Date(end)
  throw invalidInput('input.expiresAt', 'takes a time in the future, and within a year')
}

function checkedUses(maxUses: number | null): number | null {
  if (maxUses === null || maxUses >= 1) return maxUses
  throw invalidInput('input.maxUses', `takes 1 or more, not ${maxUses}`)
}

export function createInvitations(store: Store, bus: Bus): Invitations {
  return {
    async create(viewer, { conversationId, ...input }) {
      await permitted(store, viewer, conversationId, ['OWNER'], 'invite people')
      const role = checkedRole(input.role)
      const expiresAt = checkedEnd(input.expiresAt ?? null)
      const maxUses = checkedUses(input.maxUses ?? null)
      const token = randomBytes(tokenBytes).toString('base64url')
      const invitation = { tokenHash: hashOf(token), conversationId, inviterId: viewer.id, role, expiresAt, maxUses }
      try {
        await store.invitations.create(invitation)
      } catch (error) {
        throw error instanceof StoreError && error.code === 'GONE' ? notFound('conversation') : error
      }
      return { token, expiresAt }
    },
    async accept(viewer, token) {
      const entrance = await store.invitations.accept(hashOf(token), viewer.id)
      if (entrance === null) throw notFound('invitation')
      if (entrance.isNew) bus.publish('conversation', [entrance.conversationId])
      const [conversation] = await store.conversations.find(viewer.id, [entrance.conversationId])
      if (conversation === undefined) throw notFound('invitation')
      return conversation
    },
  }
}

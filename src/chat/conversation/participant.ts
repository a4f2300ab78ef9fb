import type { Bus } from '../../bus/bus.ts'
import type { Conversation } from '../../store/conversation.ts'
import type { Participant, ParticipantKey, ParticipantRole } from '../../store/participant.ts'
import type { Store } from '../../store/store.ts'
import type { AccessWatches } from '../access/access-watch.ts'
import { invalidInput, notFound } from '../access/error.ts'
import { permitted } from '../access/permission.ts'
import type { User } from '../access/viewer.ts'

export interface ParticipantInput extends ParticipantKey {
  role: ParticipantRole
}

/**
 * All changes return the changed conversation as the viewer sees it; after leaving, as they saw it last. They throw ChatError.
 */
export interface Participants {
  /** Finds those of the participants whose conversation the viewer may see. */
  find(viewer: User, keys: readonly ParticipantKey[]): Promise<Participant[]>
  /** Adds a participant. If the user is one with this role, nothing changes. */
  add(viewer: User, input: ParticipantInput): Promise<Conversation>
  setRole(viewer: User, input: ParticipantInput): Promise<Conversation>
  /**
   * Requires the OWNER role, except to leave. The waiting questions of the participant are cancelled; completions in progress
   * continue.
   */
  remove(viewer: User, key: ParticipantKey): Promise<Conversation>
}

/** The maximum number of participants of one conversation. */
export const maxParticipants = 200

const anyRole: readonly ParticipantRole[] = ['OWNER', 'EDITOR', 'VIEWER']

export function createParticipants(store: Store, bus: Bus, access: AccessWatches): Participants {
  const { participants, users } = store

  function managed(viewer: User, conversationId: string): Promise<Conversation> {
    return permitted(store, viewer, conversationId, ['OWNER'], 'manage people')
  }

  function seen(viewer: User, conversationId: string): Promise<Conversation> {
    return permitted(store, viewer, conversationId, anyRole, 'see it')
  }

  async function existing(key: ParticipantKey) {
    const participant = await participants.find(key)
    if (participant === null) throw notFound('participant')
    return participant
  }

  /** A conversation without an OWNER could no longer be shared or deleted. */
  async function keepOwner({ conversationId, userId }: ParticipantKey, path: string, what: string) {
    const people = await participants.ofConversations([conversationId])
    if (people.some((person) => person.role === 'OWNER' && person.userId !== userId)) return
    throw invalidInput(path, `the last OWNER cannot ${what}; make somebody else an OWNER first`)
  }

  function notify({ conversationId }: ParticipantKey, cancelled: readonly string[]) {
    bus.publish('conversation', [conversationId])
    bus.publish('stop', cancelled)
  }

  // The statements check again, under the lock of the conversation, that the change is allowed. If one writes nothing, a
  // simultaneous change was faster, and the checks before it are repeated to find the reason.
  async function add(viewer: User, { role, ...key }: ParticipantInput): Promise<void> {
    for (;;) {
      await managed(viewer, key.conversationId)
      const known = await participants.find(key)
      if (known?.role === role) return
      if (known !== null)
        throw invalidInput('role', `they already have the role ${known.role}; updateParticipant changes it`)
      if (await participants.add(viewer.id, key, role, maxParticipants)) return notify(key, [])
      await refuseImpossible(key)
    }
  }

  async function refuseImpossible({ conversationId, userId }: ParticipantKey): Promise<void> {
    if (!(await users.exists(userId))) throw notFound('user')
    if ((await participants.ofConversations([conversationId])).length < maxParticipants) return
    throw invalidInput('conversationId', `names a conversation with the maximum of ${maxParticipants} participants`)
  }

  async function setRole(viewer: User, { role, ...key }: ParticipantInput): Promise<void> {
    for (;;) {
      await managed(viewer, key.conversationId)
      const { role: known } = await existing(key)
      if (known === role) return
      if (known === 'OWNER') await keepOwner(key, 'role', `become ${role}`)
      const cancelled = await participants.setRole(viewer.id, key, role)
      if (cancelled !== null) return notify(key, cancelled)
    }
  }

  async function remove(viewer: User, key: ParticipantKey): Promise<Conversation> {
    const isLeaving = key.userId === viewer.id
    for (;;) {
      const conversation = await (isLeaving ? seen : managed)(viewer, key.conversationId)
      const { role } = await existing(key)
      if (role === 'OWNER') await keepOwner(key, 'userId', 'go, except with the conversation')
      const cancelled = await participants.remove(viewer.id, key)
      if (cancelled === null) continue
      // Done first, so that nothing that happens from now on reaches the removed participant at this replica.
      access.revoke(key)
      notify(key, cancelled)
      bus.publish('access', [key.conversationId])
      return isLeaving ? conversation : seen(viewer, key.conversationId)
    }
  }

  return {
    find: (viewer, keys) => participants.findVisible(viewer.id, keys),
    async add(viewer, input) {
      await add(viewer, input)
      return seen(viewer, input.conversationId)
    },
    async setRole(viewer, input) {
      await setRole(viewer, input)
      return seen(viewer, input.conversationId)
    },
    remove,
  }
}

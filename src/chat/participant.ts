import type { Conversation } from '../store/conversation.ts'
import type { ParticipantPlace, ParticipantRole } from '../store/participant.ts'
import type { Store } from '../store/store.ts'
import type { Bus } from '../stream/bus.ts'
import type { Access } from './access.ts'
import { invalidInput, notFound } from './error.ts'
import { permitted } from './permission.ts'
import type { User } from './viewer.ts'

export interface ParticipantInput extends ParticipantPlace {
  role: ParticipantRole
}

/** All throw ChatError, and give the conversation as the viewer sees it then; who leaves, as they saw it last. */
export interface Participants {
  /** Nothing changes where they take part already in this role. */
  add(viewer: User, input: ParticipantInput): Promise<Conversation>
  setRole(viewer: User, input: ParticipantInput): Promise<Conversation>
  /** Takes an OWNER, or whoever leaves. What of theirs waits for its turn is cancelled; what is being answered goes on. */
  remove(viewer: User, place: ParticipantPlace): Promise<Conversation>
}

const anyRole: readonly ParticipantRole[] = ['OWNER', 'EDITOR', 'VIEWER']

export function createParticipants(store: Store, bus: Bus, access: Access): Participants {
  const { participants, users } = store

  function managed(viewer: User, conversationId: string): Promise<Conversation> {
    return permitted(store, viewer, conversationId, ['OWNER'], 'manage people')
  }

  function seen(viewer: User, conversationId: string): Promise<Conversation> {
    return permitted(store, viewer, conversationId, anyRole, 'see it')
  }

  async function existing(place: ParticipantPlace) {
    const participant = await participants.find(place)
    if (participant === null) throw notFound('participant')
    return participant
  }

  /** A conversation that nobody owns could be neither shared nor deleted any more. */
  async function keepOwner({ conversationId, userId }: ParticipantPlace, path: string, what: string) {
    const people = await participants.ofConversations([conversationId])
    if (people.some((person) => person.role === 'OWNER' && person.userId !== userId)) return
    throw invalidInput(path, `the last OWNER cannot ${what}; make somebody else an OWNER first`)
  }

  function announce({ conversationId }: ParticipantPlace, cancelled: readonly string[]) {
    bus.publish('conversation', [conversationId])
    bus.publish('stop', cancelled)
  }

  // The statements write only what is still allowed when they have the conversation to themselves. Where one writes
  // nothing, another was faster, and the checks before it say what has become of it.
  async function add(viewer: User, { role, ...place }: ParticipantInput): Promise<void> {
    for (;;) {
      await managed(viewer, place.conversationId)
      const known = await participants.find(place)
      if (known?.role === role) return
      if (known !== null)
        throw invalidInput('role', `they take part already, as ${known.role}; updateParticipant changes it`)
      if (await participants.add(viewer.id, place, role)) return announce(place, [])
      if (!(await users.exists(place.userId))) throw notFound('user')
    }
  }

  async function setRole(viewer: User, { role, ...place }: ParticipantInput): Promise<void> {
    for (;;) {
      await managed(viewer, place.conversationId)
      const { role: known } = await existing(place)
      if (known === role) return
      if (known === 'OWNER') await keepOwner(place, 'role', `become ${role}`)
      const cancelled = await participants.setRole(viewer.id, place, role)
      if (cancelled !== null) return announce(place, cancelled)
    }
  }

  async function remove(viewer: User, place: ParticipantPlace): Promise<Conversation> {
    const isLeaving = place.userId === viewer.id
    for (;;) {
      const conversation = await (isLeaving ? seen : managed)(viewer, place.conversationId)
      const { role } = await existing(place)
      if (role === 'OWNER') await keepOwner(place, 'userId', 'go, except with the conversation')
      const cancelled = await participants.remove(viewer.id, place)
      if (cancelled === null) continue
      // First of all, so that nothing that comes from now on reaches them here.
      access.revoke(place)
      announce(place, cancelled)
      bus.publish('access', [place.conversationId])
      return isLeaving ? conversation : seen(viewer, place.conversationId)
    }
  }

  return {
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

import type { Bus } from '../../bus/bus.ts'
import type { Conversation } from '../../store/conversation.ts'
import type { ParticipantRole } from '../../store/participant.ts'
import type { Store } from '../../store/store.ts'
import type { AccessWatches } from '../access/access-watch.ts'
import type { Limits } from '../access/limits.ts'
import { permitted } from '../access/permission.ts'
import type { User } from '../access/viewer.ts'
import { createPresenceSharing, lateMs } from './presence-sharing.ts'
import type { PresentPerson } from './presence-table.ts'

export type { PresentPerson } from './presence-table.ts'

/** The people who have a conversation open or are writing in it. It is never stored. */
export interface Presence {
  /**
   * Streams the list of everybody who is present, at first and whenever it changes. A viewer who watches is present. It ends
   * when the viewer is no longer a participant. Throws ChatError.
   */
  watch(viewer: User, conversationId: string): Promise<AsyncIterableIterator<PresentPerson[]>>
  /** Announces for `typingMs` that the viewer is writing. Returns the conversation. Throws ChatError. */
  announceTyping(viewer: User, conversationId: string): Promise<Conversation>
  /** By conversation; without conversations that the viewer may not see. */
  find(viewer: User, conversationIds: readonly string[]): Promise<Map<string, PresentPerson[]>>
}

export interface PresenceOptions {
  store: Store
  bus: Bus
  limits: Limits
  accessWatches: AccessWatches
}

const typingMs = 6_000
/** A repeated announcement within this time is not sent again. */
const repeatMs = 1_000
const anyRole: readonly ParticipantRole[] = ['OWNER', 'EDITOR', 'VIEWER']

/** A person who is present at this replica. */
interface OwnPerson {
  conversationId: string
  userId: string
  sinceMs: number
  /** How many subscriptions they have. */
  watches: number
  /** By the monotonic clock. */
  typingUntilMs: number
}

type Watcher = () => void

export function createPresence({ store, bus, limits, accessWatches }: PresenceOptions) {
  const own = new Map<string, OwnPerson>()
  const watchers = new Map<string, Set<Watcher>>()
  const sharing = createPresenceSharing({
    bus,
    own: () => [...own.values()].map(factOf),
    onChange(conversationIds) {
      for (const id of conversationIds) for (const tell of watchers.get(id) ?? []) tell()
    },
  })

  /** Changes the presence of a person at this replica, and reports the change. */
  function change(conversationId: string, userId: string, apply: (person: OwnPerson) => void) {
    const key = `${conversationId} ${userId}`
    const known = own.get(key)
    const person = known ?? { conversationId, userId, sinceMs: Date.now(), watches: 0, typingUntilMs: 0 }
    apply(person)
    const fact = factOf(person)
    if (fact.isOpen || fact.typingMs > 0) own.set(key, person)
    else own.delete(key)
    sharing.tell(fact)
  }

  function join(conversationId: string, userId: string, tell: Watcher): () => void {
    watchers.set(conversationId, (watchers.get(conversationId) ?? new Set()).add(tell))
    change(conversationId, userId, (person) => person.watches++)
    return () => {
      const others = watchers.get(conversationId)
      others?.delete(tell)
      if (others?.size === 0) watchers.delete(conversationId)
      change(conversationId, userId, (person) => person.watches--)
    }
  }

  /** Lasts until the time is over, or the person is no longer a participant. */
  function type(conversationId: string, userId: string) {
    const access = accessWatches.watch(userId, conversationId)
    const until = (untilMs: number) => change(conversationId, userId, (person) => (person.typingUntilMs = untilMs))
    until(performance.now() + typingMs)
    const timer = setTimeout(() => {
      access.leave()
      change(conversationId, userId, () => {})
    }, typingMs + lateMs).unref()
    access.lost.addEventListener('abort', () => {
      clearTimeout(timer)
      until(0)
    })
  }

  const presence: Presence = {
    async watch(viewer, conversationId) {
      await permitted(store, viewer, conversationId, anyRole, 'see it')
      const onLeave = limits.openStream(viewer)
      const access = accessWatches.watch(viewer.id, conversationId)
      return watchPeople({
        people: () => sharing.people(conversationId),
        join: (tell) => join(conversationId, viewer.id, tell),
        lost: access.lost,
        onLeave() {
          access.leave()
          onLeave()
        },
      })
    },
    async announceTyping(viewer, conversationId) {
      await limits.takeTyping(viewer)
      const conversation = await permitted(store, viewer, conversationId, ['OWNER', 'EDITOR'], 'write in it')
      const untilMs = own.get(`${conversationId} ${viewer.id}`)?.typingUntilMs ?? 0
      if (untilMs - performance.now() < typingMs - repeatMs) type(conversationId, viewer.id)
      return conversation
    },
    async find(viewer, conversationIds) {
      const visible = await store.conversations.find(viewer.id, conversationIds)
      return new Map(visible.map(({ id }) => [id, sharing.people(id)]))
    },
  }
  return { presence, start: sharing.start, stop: sharing.stop }
}

function factOf({ conversationId, userId, sinceMs, watches, typingUntilMs }: OwnPerson) {
  const leftMs = Math.ceil(typingUntilMs - performance.now())
  return { conversationId, userId, sinceMs, isOpen: watches > 0, typingMs: Math.max(0, leftMs) }
}

interface PeopleFrom {
  people(): PresentPerson[]
  /** Returns a function that ends the viewer's presence. */
  join(tell: Watcher): () => void
  lost: AbortSignal
  onLeave(): void
}

/**
 * A viewer holds only the last list that they got, not a queue. The iterator is written by hand, because return() of a
 * generator waits until its pending next() is done.
 */
function watchPeople({ people, join, lost, onLeave }: PeopleFrom): AsyncIterableIterator<PresentPerson[]> {
  let seen = ''
  let wake = () => {}
  let isDone = false
  const leave = join(() => wake())

  function finish() {
    if (isDone) return
    isDone = true
    lost.removeEventListener('abort', finish)
    leave()
    onLeave()
    wake()
  }
  lost.addEventListener('abort', finish)
  if (lost.aborted) finish()

  return {
    async next() {
      while (!isDone) {
        const woken = new Promise<void>((resolve) => {
          wake = resolve
        })
        const present = people()
        const form = JSON.stringify(present)
        if (form !== seen) {
          seen = form
          return { done: false, value: present }
        }
        await woken
      }
      return { done: true, value: undefined }
    },
    async return() {
      finish()
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

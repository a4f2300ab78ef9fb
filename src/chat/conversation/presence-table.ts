import type { PresenceFact } from './presence-note.ts'

/** A person who has a conversation open or is writing in it, at any replica. */
export interface PresentPerson {
  userId: string
  isTyping: boolean
  since: Date
}

/** Everybody who is present, as far as this replica knows, by conversation, person and the replica that reported it. */
export interface PresenceTable {
  /** A replica's report about a person replaces its report before. */
  put(origin: string, fact: PresenceFact): void
  /** Removes reports that other replicas have not repeated for this time, and returns the conversations that are affected. */
  expire(lifetimeMs: number): string[]
  /** Sorted by the time at which they came. */
  people(conversationId: string): PresentPerson[]
}

interface Entry {
  userId: string
  origin: string
  sinceMs: number
  isOpen: boolean
  /** By the monotonic clock, as `heardMs`. */
  typingUntilMs: number
  heardMs: number
}

/**
 * For all conversations of the service, since any of them may be opened at this replica. Takes about 30 MB; more entries are
 * not shown.
 */
const maxEntries = 100_000

const isThere = ({ isOpen, typingUntilMs }: Entry) => isOpen || typingUntilMs > performance.now()

export function createPresenceTable(own: string): PresenceTable {
  const conversations = new Map<string, Map<string, Entry>>()
  let size = 0

  function remove(conversationId: string, key: string) {
    const entries = conversations.get(conversationId)
    if (entries?.delete(key)) size -= 1
    if (entries?.size === 0) conversations.delete(conversationId)
  }

  function expireIn(conversationId: string, entries: Map<string, Entry>, lifetimeMs: number): boolean {
    let isChanged = false
    for (const [key, entry] of entries) {
      const isLost = entry.origin !== own && performance.now() - entry.heardMs > lifetimeMs
      if (!isLost && isThere(entry)) continue
      remove(conversationId, key)
      isChanged = true
    }
    return isChanged
  }

  return {
    put(origin, { conversationId, userId, sinceMs, isOpen, typingMs }) {
      const key = `${userId} ${origin}`
      remove(conversationId, key)
      if ((!isOpen && typingMs === 0) || size >= maxEntries) return
      const nowMs = performance.now()
      const entry = { userId, origin, sinceMs, isOpen, typingUntilMs: nowMs + typingMs, heardMs: nowMs }
      conversations.set(conversationId, (conversations.get(conversationId) ?? new Map()).set(key, entry))
      size += 1
    },
    expire: (lifetimeMs) =>
      [...conversations].flatMap(([id, entries]) => (expireIn(id, entries, lifetimeMs) ? [id] : [])),
    people(conversationId) {
      const people = new Map<string, PresentPerson>()
      for (const entry of conversations.get(conversationId)?.values() ?? []) {
        if (!isThere(entry)) continue
        const { userId, sinceMs, typingUntilMs } = entry
        const known = people.get(userId)
        people.set(userId, {
          userId,
          isTyping: known?.isTyping || typingUntilMs > performance.now(),
          since: new Date(Math.min(known?.since.getTime() ?? sinceMs, sinceMs)),
        })
      }
      return [...people.values()].sort((one, other) => one.since.getTime() - other.since.getTime())
    },
  }
}

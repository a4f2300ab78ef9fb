import type { ListedConversation } from '../../store/conversation-list.ts'
import type { ListTeller, Touch } from './list-watch.ts'

/** The lists of some users, of which each has at most `most` rows; or some conversations in all lists. */
export type ListReading =
  | { rows: readonly ListedConversation[]; userIds: readonly string[]; most: number }
  | { rows: readonly ListedConversation[]; conversationIds: readonly string[] }

/** A copy of the watched lists of conversations. It reports to the viewers how a read differs from it. */
export interface ListIndex {
  /** NEW: the user's list was not read yet. The watch opens when it has been read. */
  join(userId: string, teller: ListTeller): 'NEW' | 'KNOWN'
  leave(userId: string, teller: ListTeller): void
  apply(reading: ListReading): void
  userIds(): Iterable<string>
  isEmpty(): boolean
}

interface WatchedUser {
  tellers: Set<ListTeller>
  /** The user's list has been read. */
  isKnown: boolean
  /** The number of the last event of each conversation, by its id. */
  lastEvents: Map<string, number>
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group === undefined) groups.set(keyOf(item), [item])
    else group.push(item)
  }
  return groups
}

function touch({ isKnown, tellers }: WatchedUser, conversationId: string, change: Touch) {
  if (!isKnown) return
  for (const teller of tellers) teller.touch(conversationId, change)
}

function open(user: WatchedUser) {
  user.isKnown = true
  for (const teller of user.tellers) teller.open()
}

export function createListIndex(): ListIndex {
  const users = new Map<string, WatchedUser>()
  /** The users in whose lists a conversation is. */
  const holders = new Map<string, Set<WatchedUser>>()

  function add(user: WatchedUser, { conversationId, lastEvent }: ListedConversation) {
    const known = user.lastEvents.get(conversationId)
    if (known !== undefined && lastEvent <= known) return
    user.lastEvents.set(conversationId, lastEvent)
    holders.set(conversationId, (holders.get(conversationId) ?? new Set()).add(user))
    touch(user, conversationId, { wasListed: known !== undefined, isListed: true })
  }

  function drop(user: WatchedUser, conversationId: string) {
    user.lastEvents.delete(conversationId)
    const others = holders.get(conversationId)
    others?.delete(user)
    if (others?.size === 0) holders.delete(conversationId)
  }

  function lose(user: WatchedUser, conversationId: string) {
    drop(user, conversationId)
    touch(user, conversationId, { wasListed: true, isListed: false })
  }

  function applyToUser(user: WatchedUser, rows: readonly ListedConversation[], most: number) {
    for (const row of rows) add(user, row)
    if (!user.isKnown) return open(user)
    // A list that was cut off may still contain the conversations that are missing in the read.
    if (rows.length >= most) return
    const found = new Set(rows.map(({ conversationId }) => conversationId))
    for (const id of [...user.lastEvents.keys()]) if (!found.has(id)) lose(user, id)
  }

  function applyToConversation(conversationId: string, rows: readonly ListedConversation[]) {
    const found = new Set<WatchedUser>()
    for (const row of rows) {
      const user = users.get(row.userId)
      if (user === undefined) continue
      add(user, row)
      found.add(user)
    }
    for (const user of [...(holders.get(conversationId) ?? [])]) {
      if (!found.has(user)) lose(user, conversationId)
    }
  }

  return {
    join(userId, teller) {
      const known = users.get(userId)
      const user = known ?? { tellers: new Set(), isKnown: false, lastEvents: new Map() }
      users.set(userId, user)
      user.tellers.add(teller)
      if (user.isKnown) teller.open()
      return known === undefined ? 'NEW' : 'KNOWN'
    },
    leave(userId, teller) {
      const user = users.get(userId)
      user?.tellers.delete(teller)
      if (user === undefined || user.tellers.size > 0) return
      users.delete(userId)
      for (const id of [...user.lastEvents.keys()]) drop(user, id)
    },
    apply(reading) {
      if ('userIds' in reading) {
        const rows = groupBy(reading.rows, ({ userId }) => userId)
        for (const id of reading.userIds) {
          const user = users.get(id)
          if (user !== undefined) applyToUser(user, rows.get(id) ?? [], reading.most)
        }
      } else {
        const rows = groupBy(reading.rows, ({ conversationId }) => conversationId)
        for (const id of reading.conversationIds) applyToConversation(id, rows.get(id) ?? [])
      }
    },
    userIds: () => users.keys(),
    isEmpty: () => users.size === 0,
  }
}

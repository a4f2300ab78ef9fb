import { setTimeout as delay } from 'node:timers/promises'
import type { Bus } from '../../bus/bus.ts'
import type { ConversationLists } from '../../store/conversation-list.ts'
import type { Log } from '../access/log.ts'
import { createPoller } from '../access/poller.ts'
import { createListIndex, type ListReading } from './list-index.ts'
import { createListWatch, type ListWatch } from './list-watch.ts'

/**
 * Watches the lists of conversations of all who watch theirs at this replica. Wake-ups name the conversations that have
 * changed, and one statement tells in whose lists they stand, whoever watches.
 */
export interface ListReader {
  watch(userId: string): ListWatch
  start(): void
  stop(): void
}

/** What a lost wake-up costs at most: all watched lists are read again. */
const pollMs = 10_000
/** Between two readings: so many statements run at most, however much happens. What comes meanwhile goes together. */
const gatherMs = 100
/** Where the database was away, what was to be read is tried again. */
const retryMs = 2_000
const usersPerReading = 100
/** Each may have 200 participants. */
const conversationsPerReading = 500
/**
 * Of somebody with more conversations, those that were made last are tracked. Another one that changes is told as one that
 * appears, and its loss is not told.
 */
const maxTracked = 2_000

/** Takes up to so many out of the set. */
function take<Item>(set: Set<Item>, most: number): Item[] {
  const taken = [...set].slice(0, most)
  for (const item of taken) set.delete(item)
  return taken
}

export function createListReader(lists: ConversationLists, bus: Bus, log: Log): ListReader {
  const index = createListIndex()
  /** Users whose lists are to be read, those who have just come before those whose turn it is. */
  const opening = new Set<string>()
  const due = new Set<string>()
  const touched = new Set<string>()
  const unsubscribe: (() => void)[] = []
  let timer: NodeJS.Timeout | undefined

  /** Reads a batch of the set; what could not be read stays in it. */
  async function readSome(set: Set<string>, most: number, find: (ids: string[]) => Promise<ListReading>) {
    const ids = take(set, most)
    if (ids.length === 0) return
    try {
      index.apply(await find(ids))
    } catch (error) {
      for (const id of ids) set.add(id)
      throw error
    }
  }

  const readUsers = async (userIds: string[]): Promise<ListReading> => {
    const rows = await lists.ofUsers(userIds, maxTracked)
    return { rows, userIds, most: maxTracked }
  }
  const readConversations = async (conversationIds: string[]): Promise<ListReading> => {
    const rows = await lists.ofConversations(conversationIds)
    return { rows, conversationIds }
  }

  async function work() {
    await readSome(opening, usersPerReading, readUsers)
    await readSome(due, usersPerReading, readUsers)
    await readSome(touched, conversationsPerReading, readConversations)
    await delay(gatherMs, undefined, { ref: false })
    if (opening.size + due.size + touched.size > 0) poller.wake()
  }

  const poller = createPoller({
    everyMs: retryMs,
    work,
    onError: (error) => log.warn({ err: error }, 'the lists of conversations could not be read; viewers wait'),
  })

  function wake(conversationIds: Iterable<string>) {
    if (index.isEmpty()) return
    for (const id of conversationIds) touched.add(id)
    poller.wake()
  }

  return {
    watch(userId) {
      const { watch, teller } = createListWatch(() => {
        index.leave(userId, teller)
      })
      if (index.join(userId, teller) === 'NEW') {
        opening.add(userId)
        poller.wake()
      }
      return watch
    },
    start() {
      unsubscribe.push(bus.subscribe('conversation', wake), bus.subscribe('access', wake))
      timer = setInterval(() => {
        for (const id of index.userIds()) due.add(id)
        poller.wake()
      }, pollMs)
      poller.start()
    },
    stop() {
      clearInterval(timer)
      poller.stop()
      for (const leave of unsubscribe) leave()
    },
  }
}

import { setTimeout as delay } from 'node:timers/promises'
import type { Bus } from '../../bus/bus.ts'
import type { ConversationLists } from '../../store/conversation-list.ts'
import type { Log } from '../access/log.ts'
import { createPoller } from '../access/poller.ts'
import { createListIndex, type ListReading } from './list-index.ts'
import { createListWatch, type ListWatch } from './list-watch.ts'

/**
 * Watches the lists of conversations for all viewers at this replica. Wake-ups have the ids of changed conversations, and one
 * statement finds in whose lists they are.
 */
export interface ListReader {
  watch(userId: string): ListWatch
  start(): void
  stop(): void
}

/** The longest delay that a lost wake-up can cause: then all watched lists are read again. */
const pollMs = 10_000
/** The minimum time between two reads, which limits the number of statements. Changes that come meanwhile are read together. */
const gatherMs = 100
/** After a failure the read is repeated. */
const retryMs = 2_000
const usersPerReading = 100
/** Each conversation may have 200 participants. */
const conversationsPerReading = 500
/**
 * For a user with more conversations, the newest are tracked. A change of another one is reported as a conversation that has
 * appeared, and its loss is not reported.
 */
const maxTracked = 2_000

/** Removes up to this many items from the set and returns them. */
function take<Item>(set: Set<Item>, most: number): Item[] {
  const taken = [...set].slice(0, most)
  for (const item of taken) set.delete(item)
  return taken
}

export function createListReader(lists: ConversationLists, bus: Bus, log: Log): ListReader {
  const index = createListIndex()
  /** The users whose lists are to be read: new viewers first, then those whose lists are due. */
  const opening = new Set<string>()
  const due = new Set<string>()
  const touched = new Set<string>()
  const unsubscribe: (() => void)[] = []
  let timer: NodeJS.Timeout | undefined

  /** Reads a batch of the set. Items that could not be read stay in it. */
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
    onError: (error) =>
      log.warn({ err: error }, 'the lists of conversations could not be read; viewers wait until a retry succeeds'),
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

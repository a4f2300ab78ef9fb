import type { Bus } from '../../bus/bus.ts'
import type { EventOffset, StoredEvent } from '../../store/conversation-event.ts'
import type { Store } from '../../store/store.ts'
import type { Log } from '../access/log.ts'

/** Reads the events of conversations, for all viewers at this replica together, after a wake-up and periodically. */
export interface EventReader {
  watch(viewerId: string, conversationId: string): Watch
  start(): void
  stop(): void
}

export interface Watch {
  /**
   * Resolves with the next events after this number, as soon as there is one, or with null if the viewer has lost access. Only
   * one call at a time. Never rejects: while the database is away, it waits.
   */
  after(sequence: number): Promise<StoredEvent[] | null>
  /** Ends the reading. A pending call resolves at once without events. */
  leave(): void
}

interface Watcher {
  viewerId: string
  conversationId: string
  /** There may be more events than were read. */
  isBehind: boolean
  waiting: Waiting | null
}

interface Waiting {
  sequence: number
  resolve(events: StoredEvent[] | null): void
}

/** The longest delay that a lost wake-up can cause. */
const pollMs = 2_000
/** Limits the rows of one statement, also for viewers who reconnect after a long time. */
const eventsPerReading = 50
const watchersPerReading = 1_000

export function createEventReader({ conversationEvents }: Store, bus: Bus, log: Log): EventReader {
  const watchers = new Map<string, Set<Watcher>>()
  const asking = new Set<Watcher>()
  const unsubscribe: (() => void)[] = []
  let isReading = false
  let timer: NodeJS.Timeout | undefined

  async function read(offsets: readonly (EventOffset & { watcher: Watcher })[]) {
    // Reset before the statement, so that a wake-up that comes while it runs causes another read.
    for (const { watcher } of offsets) watcher.isBehind = false
    try {
      const found = await conversationEvents.since(offsets, eventsPerReading)
      for (const [index, { watcher }] of offsets.entries()) tell(watcher, found[index] ?? null)
    } catch (error) {
      for (const { watcher } of offsets) watcher.isBehind = true
      log.warn({ err: error }, 'the events of conversations could not be read; viewers wait until a retry succeeds')
    }
  }

  async function readForAll() {
    if (isReading) return
    isReading = true
    while (asking.size > 0) {
      const asked = [...asking].slice(0, watchersPerReading)
      for (const watcher of asked) asking.delete(watcher)
      const offsets = asked.flatMap(offsetOf)
      if (offsets.length > 0) await read(offsets)
    }
    isReading = false
  }

  function wake(conversationIds: Iterable<string>) {
    for (const id of conversationIds) {
      for (const watcher of watchers.get(id) ?? []) {
        watcher.isBehind = true
        if (watcher.waiting !== null) asking.add(watcher)
      }
    }
    void readForAll()
  }

  function forget(watcher: Watcher) {
    const others = watchers.get(watcher.conversationId)
    others?.delete(watcher)
    if (others?.size === 0) watchers.delete(watcher.conversationId)
    asking.delete(watcher)
    watcher.waiting?.resolve([])
    watcher.waiting = null
  }

  return {
    watch(viewerId, conversationId) {
      const watcher: Watcher = { viewerId, conversationId, isBehind: true, waiting: null }
      watchers.set(conversationId, (watchers.get(conversationId) ?? new Set()).add(watcher))
      return {
        after(sequence) {
          return new Promise((resolve) => {
            watcher.waiting = { sequence, resolve }
            if (!watcher.isBehind) return
            asking.add(watcher)
            void readForAll()
          })
        },
        leave: () => forget(watcher),
      }
    },
    start() {
      unsubscribe.push(bus.subscribe('conversation', wake), bus.subscribe('access', wake))
      timer = setInterval(() => wake(watchers.keys()), pollMs)
    },
    stop() {
      clearInterval(timer)
      for (const leave of unsubscribe) leave()
    },
  }
}

/** A wake-up for a viewer who has just been served can be dropped: a viewer who is behind asks again. */
function offsetOf(watcher: Watcher): (EventOffset & { watcher: Watcher })[] {
  const { viewerId, conversationId, waiting } = watcher
  return waiting === null ? [] : [{ viewerId, conversationId, sequence: waiting.sequence, watcher }]
}

function tell(watcher: Watcher, events: StoredEvent[] | null): void {
  if (events?.length === 0) return
  watcher.isBehind ||= events?.length === eventsPerReading
  watcher.waiting?.resolve(events)
  watcher.waiting = null
}

import { randomUUID } from 'node:crypto'
import type { Bus } from '../../bus/bus.ts'
import { type PresenceFact, readPresence, writePresence } from './presence-note.ts'
import { createPresenceTable, type PresentPerson } from './presence-table.ts'

/** Shares the presence of people between all replicas, by notes over the bus. Nothing is stored. */
export interface PresenceSharing {
  /** Reports that somebody has come to this replica, has left it or is writing. It is sent within `gatherMs`. */
  tell(fact: PresenceFact): void
  people(conversationId: string): PresentPerson[]
  start(): void
  /** Reports to the other replicas that everybody at this one has left. */
  stop(): void
}

export interface PresenceSharingOptions {
  bus: Bus
  /** Everybody at this replica. */
  own(): PresenceFact[]
  onChange(conversationIds: Iterable<string>): void
}

/** Each replica repeats who is present with this period. */
const heartbeatMs = 10_000
/**
 * People at a dead replica disappear after this time and at most one more `sweepMs`. It is long enough for the loss of two
 * notes.
 */
const lifetimeMs = 25_000
const sweepMs = 5_000
/** A timer may fire a little early, when somebody still counts as writing. */
export const lateMs = 20
/** Changes within a tenth of a second are sent together, to the viewers here and to the other replicas. */
const gatherMs = 100

export function createPresenceSharing({ bus, own, onChange }: PresenceSharingOptions): PresenceSharing {
  const origin = randomUUID()
  const table = createPresenceTable(origin)
  /** When the last note of each other replica arrived. */
  const heardMs = new Map<string, number>()
  const untold = new Map<string, PresenceFact>()
  const changed = new Set<string>()
  const timers: NodeJS.Timeout[] = []
  let gathering: NodeJS.Timeout | undefined
  let mustTellAll = false
  let unsubscribe = () => {}

  function send(facts: readonly PresenceFact[]) {
    for (const note of writePresence(facts)) bus.sendNote(note)
  }

  function flush() {
    gathering = undefined
    send(mustTellAll ? [...own(), ...untold.values()] : [...untold.values()])
    mustTellAll = false
    untold.clear()
    const ids = [...changed]
    changed.clear()
    onChange(ids)
  }

  function gather() {
    gathering ??= setTimeout(flush, gatherMs).unref()
  }

  function put(from: string, fact: PresenceFact) {
    table.put(from, fact)
    note(fact.conversationId)
    if (fact.typingMs > 0) setTimeout(() => note(fact.conversationId), fact.typingMs + lateMs).unref()
  }

  function note(conversationId: string) {
    changed.add(conversationId)
    gather()
  }

  function hear(bytes: Buffer, from: string) {
    const facts = readPresence(bytes)
    if (facts.length === 0) return
    // The other replica has just started, or was disconnected, and does not know who is present here.
    mustTellAll ||= !heardMs.has(from)
    heardMs.set(from, performance.now())
    for (const fact of facts) put(from, fact)
  }

  function sweep() {
    for (const [from, lastMs] of heardMs) if (performance.now() - lastMs > lifetimeMs) heardMs.delete(from)
    for (const id of table.expire(lifetimeMs)) note(id)
  }

  return {
    tell(fact) {
      put(origin, fact)
      untold.set(`${fact.conversationId} ${fact.userId}`, fact)
    },
    people: table.people,
    start() {
      unsubscribe = bus.onNote(hear)
      timers.push(
        setInterval(() => send(own()), heartbeatMs),
        setInterval(sweep, sweepMs),
      )
    },
    stop() {
      for (const timer of timers) clearInterval(timer)
      clearTimeout(gathering)
      unsubscribe()
      send(own().map((fact) => ({ ...fact, isOpen: false, typingMs: 0 })))
    },
  }
}

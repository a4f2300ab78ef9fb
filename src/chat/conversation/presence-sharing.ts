import { randomUUID } from 'node:crypto'
import type { Bus } from '../../bus/bus.ts'
import { type PresenceFact, readPresence, writePresence } from './presence-note.ts'
import { createPresenceTable, type PresentPerson } from './presence-table.ts'

/** Who is where over all replicas, by notes over the bus. Nothing of it is stored. */
export interface PresenceSharing {
  /** Somebody has come to this replica, has gone from it or is writing. Told within `gatherMs`. */
  tell(fact: PresenceFact): void
  people(conversationId: string): PresentPerson[]
  start(): void
  /** Tells the other replicas that everybody here has gone. */
  stop(): void
}

export interface PresenceSharingOptions {
  bus: Bus
  /** Everybody at this replica. */
  own(): PresenceFact[]
  onChange(conversationIds: Iterable<string>): void
}

/** Each replica repeats who is there. */
const heartbeatMs = 10_000
/** A replica that has died takes its people away after that, and at most one more `sweepMs`: two of its heartbeats may be lost. */
const lifetimeMs = 25_000
const sweepMs = 5_000
/** A timer may come a little early, and would find that somebody is still writing. */
export const lateMs = 20
/** What changes within a tenth of a second is told together, to the viewers here and to the other replicas. */
const gatherMs = 100

export function createPresenceSharing({ bus, own, onChange }: PresenceSharingOptions): PresenceSharing {
  const origin = randomUUID()
  const table = createPresenceTable(origin)
  /** When each of the other replicas was last heard. */
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
    // It has just begun, or was not heard for long, and does not know who is here.
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

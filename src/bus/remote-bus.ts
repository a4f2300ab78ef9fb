import { randomUUID } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { type Bus, createListeners, type NoteListener, type Topic } from './bus.ts'
import { type Connection, type KeptConnection, keepConnected, type Log } from './bus-connection.ts'
import { readText, writeNote, writeWakeUp } from './wake-up.ts'

export interface RemoteBusOptions {
  kind: 'postgres' | 'redis'
  /** The signal ends the connection, and the making of it, at whatever point it is. */
  connect(hear: (text: string) => void, signal: AbortSignal): Promise<Connection>
  log: Log
}

/** While one statement is under way, which is seconds at most. The oldest go first: what matters is said again. */
const maxWaitingNotes = 1_000

/**
 * A bus over a connection that may break. It tells this replica's own listeners at once, and the others while it is
 * connected: what is published in between is lost to them.
 */
export function createRemoteBus({ kind, connect, log }: RemoteBusOptions): Bus {
  const origin = randomUUID()
  const listeners = createListeners()
  const noteListeners = new Set<NoteListener>()
  const waiting = new Map<Topic, Set<string>>()
  const notes: Buffer[] = []
  let kept: KeptConnection | null = null
  let sending: Promise<void> | null = null

  function hear(text: string) {
    const said = readText(text)
    if (said === null || said.origin === origin) return
    if (said.topic !== 'note') listeners.tell(said.topic, said.ids)
    else for (const listener of [...noteListeners]) listener(said.note, said.origin)
  }

  // One at a time, and what is published meanwhile goes with the next: a NOTIFY locks the whole database for a moment.
  async function sendWaiting() {
    // What this turn publishes on other topics goes along, and what somebody waits for goes first, such as a question to
    // the model.
    await turn()
    while (waiting.size > 0 || notes.length > 0) {
      const wakeUps = [...waiting].flatMap(([topic, ids]) => writeWakeUp({ origin, topic, ids: [...ids] }))
      waiting.clear()
      const texts = [...wakeUps, ...notes.splice(0).map((note) => writeNote({ origin, topic: 'note', note }))]
      const connection = kept?.current()
      // One that does not carry is as good as lost.
      await connection?.send(texts).catch((error: Error) => connection.close(error))
    }
  }

  function send() {
    sending ??= sendWaiting().finally(() => {
      sending = null
    })
  }

  return {
    kind,
    start() {
      kept ??= keepConnected({ kind, connect: (signal) => connect(hear, signal), log })
    },
    publish(topic, ids) {
      listeners.tell(topic, ids)
      if (ids.length === 0) return
      const unsent = waiting.get(topic) ?? new Set()
      for (const id of ids) unsent.add(id)
      waiting.set(topic, unsent)
      send()
    },
    subscribe: listeners.add,
    sendNote(note) {
      notes.push(note)
      if (notes.length > maxWaitingNotes) notes.shift()
      send()
    },
    onNote(listener) {
      noteListeners.add(listener)
      return () => noteListeners.delete(listener)
    },
    async close() {
      await sending
      await kept?.close()
    },
  }
}

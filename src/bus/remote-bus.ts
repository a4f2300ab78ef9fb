import { randomUUID } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { type Bus, createListeners, type NoteListener, type Topic } from './bus.ts'
import { type Connection, type KeptConnection, keepConnected, type Log } from './bus-connection.ts'
import { readText, writeNote, writeWakeUp } from './wake-up.ts'

export interface RemoteBusOptions {
  kind: 'postgres' | 'redis'
  /** The signal closes the connection, also while it is being established. */
  connect(hear: (text: string) => void, signal: AbortSignal): Promise<Connection>
  log: Log
}

/**
 * The limit of notes that wait while a statement is under way, which takes seconds at most. The oldest are dropped, since notes
 * are repeated.
 */
const maxWaitingNotes = 1_000

/**
 * A bus over a connection that may break. Listeners of this replica are called at once. Other replicas get messages only while
 * the connection exists; messages that are published in between are lost for them.
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

  // Statements are sent one at a time, and messages that are published meanwhile are sent with the next one, because NOTIFY
  // briefly locks the whole database.
  async function sendWaiting() {
    // Messages that this turn of the event loop publishes on other topics are sent together, and more urgent work, such as a
    // request to the model, is done first.
    await turn()
    while (waiting.size > 0 || notes.length > 0) {
      const wakeUps = [...waiting].flatMap(([topic, ids]) => writeWakeUp({ origin, topic, ids: [...ids] }))
      waiting.clear()
      const texts = [...wakeUps, ...notes.splice(0).map((note) => writeNote({ origin, topic: 'note', note }))]
      const connection = kept?.current()
      // A connection that cannot send is treated as lost.
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

/**
 * `moved`: an answer has new text or has ended; `stop`: a cancellation was requested. Their ids are those of completions.
 * `conversation`: something happened in a conversation; `access`: somebody has lost access to it. Their ids are those of
 * conversations. `revoked`: the ids of API keys that were revoked.
 */
export const topics = ['moved', 'stop', 'conversation', 'access', 'revoked'] as const

export type Topic = (typeof topics)[number]

export type Listener = (ids: readonly string[]) => void

/** `origin` identifies the replica; it is the same for all messages of one process. */
export type NoteListener = (note: Buffer, origin: string) => void

/**
 * Sends wake-ups and notes between replicas. A wake-up contains no data: the receiver reads the store, and a slow poll finds a
 * change whose wake-up was lost.
 */
export interface Bus {
  readonly kind: 'memory' | 'postgres' | 'redis'
  /** Connects. Further calls do nothing. Before the first call, messages reach only this replica. */
  start(): void
  /** Sends a wake-up to all replicas, including this one. Never waits and never fails. */
  publish(topic: Topic, ids: readonly string[]): void
  /** Returns a function that removes the listener. */
  subscribe(topic: Topic, listener: Listener): () => void
  /**
   * Sends a note of up to `maxNoteBytes` to the other replicas, not to this one. Notes are not stored and a lost note is not
   * found by a poll, so they have to be repeated. Never waits and never fails.
   */
  sendNote(note: Buffer): void
  /** Returns a function that removes the listener. */
  onNote(listener: NoteListener): () => void
  close(): Promise<void>
}

export interface Listeners {
  tell(topic: Topic, ids: readonly string[]): void
  add(topic: Topic, listener: Listener): () => void
}

export function createListeners(): Listeners {
  const listeners = new Map<Topic, Set<Listener>>(topics.map((topic) => [topic, new Set()]))
  return {
    tell(topic, ids) {
      for (const listener of [...(listeners.get(topic) ?? [])]) listener(ids)
    },
    add(topic, listener) {
      listeners.get(topic)?.add(listener)
      return () => listeners.get(topic)?.delete(listener)
    },
  }
}

/** A bus for a process that is the only one of its database. */
export function createMemoryBus(): Bus {
  const listeners = createListeners()
  return {
    kind: 'memory',
    start() {},
    publish: listeners.tell,
    subscribe: listeners.add,
    sendNote() {},
    onNote: () => () => {},
    async close() {},
  }
}

/**
 * `moved`: there is more of an answer, or its end. `stop`: somebody wants it stopped. Their ids are of completions.
 * `conversation`: something happened in it. `access`: somebody may no longer see it. Their ids are of conversations.
 * `revoked`: these API keys sign nobody in any more.
 */
export const topics = ['moved', 'stop', 'conversation', 'access', 'revoked'] as const

export type Topic = (typeof topics)[number]

export type Listener = (ids: readonly string[]) => void

/** `origin` is the same for all that one replica says as long as it runs. */
export type NoteListener = (note: Buffer, origin: string) => void

/**
 * Wake-ups between replicas. They carry no truth: whoever hears one reads the store, and whoever misses one comes to
 * know by a slow poll.
 */
export interface Bus {
  readonly kind: 'memory' | 'postgres' | 'redis'
  /** Connects, once however often it is called. Before that, this replica alone hears itself. */
  start(): void
  /** Tells all replicas, this one included. Never waits and never fails. */
  publish(topic: Topic, ids: readonly string[]): void
  /** Returns what ends the listening. */
  subscribe(topic: Topic, listener: Listener): () => void
  /**
   * Tells the other replicas, and not this one, something that nobody stores: up to `maxNoteBytes`. Whoever misses it does
   * not come to know, so it has to be said again. Never waits and never fails.
   */
  sendNote(note: Buffer): void
  /** Returns what ends the listening. */
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

/** For one process, which alone has the database. */
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

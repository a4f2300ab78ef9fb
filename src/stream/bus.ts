/** `moved`: there is more of an answer, or its end. `stop`: somebody wants it stopped. */
export type Topic = 'moved' | 'stop'

export type Listener = (completionIds: readonly string[]) => void

/**
 * Wake-ups between replicas. They carry no truth: whoever hears one reads the store, and whoever misses one comes to
 * know by a slow poll.
 */
export interface Bus {
  readonly kind: 'memory' | 'postgres' | 'redis'
  /** Tells all replicas, this one included. Never waits and never fails. */
  publish(topic: Topic, completionIds: readonly string[]): void
  /** Returns what ends the listening. */
  subscribe(topic: Topic, listener: Listener): () => void
  close(): Promise<void>
}

export interface Listeners {
  tell(topic: Topic, completionIds: readonly string[]): void
  add(topic: Topic, listener: Listener): () => void
}

export function createListeners(): Listeners {
  const listeners: Record<Topic, Set<Listener>> = { moved: new Set(), stop: new Set() }
  return {
    tell(topic, completionIds) {
      for (const listener of [...listeners[topic]]) listener(completionIds)
    },
    add(topic, listener) {
      listeners[topic].add(listener)
      return () => listeners[topic].delete(listener)
    },
  }
}

/** For one process, which alone has the database. */
export function createMemoryBus(): Bus {
  const listeners = createListeners()
  return {
    kind: 'memory',
    publish: listeners.tell,
    subscribe: listeners.add,
    async close() {},
  }
}

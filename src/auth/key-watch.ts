import type { Log } from './log.ts'

export interface KeyWatch {
  /** Calls back, once, when the key is revoked. Returns a function that ends the watch. */
  watch(keyId: string, onRevoked: () => void): () => void
  close(): void
}

export interface KeyWatchOptions {
  /** Returns those of the keys that cannot be used any more. */
  revoked(keyIds: readonly string[]): Promise<string[]>
  /** Listens for notices of revocations, which may be wrong or lost. Returns a function that ends the listening. */
  onRevocation(listener: (keyIds: readonly string[]) => void): () => void
  log: Log
}

/** The poll also finds a revocation whose notice was lost, or came before the watch began. */
const pollMs = 1_000

/** Watches the keys of all connections of this process with one statement. */
export function createKeyWatch({ revoked, onRevocation, log }: KeyWatchOptions): KeyWatch {
  const watchers = new Map<string, Set<() => void>>()

  async function look(keyIds: readonly string[]) {
    const watched = keyIds.filter((id) => watchers.has(id))
    if (watched.length === 0) return
    try {
      for (const id of await revoked(watched)) end(id)
    } catch (error) {
      log.warn({ err: error }, 'could not check for revoked keys; the next attempt follows within a second')
    }
  }

  function end(keyId: string) {
    const ending = watchers.get(keyId) ?? []
    watchers.delete(keyId)
    for (const onRevoked of ending) onRevoked()
  }

  const unsubscribe = onRevocation((keyIds) => void look(keyIds))
  const timer = setInterval(() => void look([...watchers.keys()]), pollMs)

  return {
    watch(keyId, onRevoked) {
      const watching = watchers.get(keyId) ?? new Set()
      watchers.set(keyId, watching.add(onRevoked))
      return () => {
        watching.delete(onRevoked)
        if (watching.size === 0 && watchers.get(keyId) === watching) watchers.delete(keyId)
      }
    },
    close() {
      clearInterval(timer)
      unsubscribe()
    },
  }
}

import type { Log } from './log.ts'

export interface KeyWatch {
  /** Calls back, once, when the key is revoked; returns what ends the watching. */
  watch(keyId: string, onRevoked: () => void): () => void
  close(): void
}

export interface KeyWatchOptions {
  /** Of these, those that cannot be used any more. */
  revoked(keyIds: readonly string[]): Promise<string[]>
  /** Listens for words of revocations, which may be wrong or lost. Returns what ends the listening. */
  onWord(listener: (keyIds: readonly string[]) => void): () => void
  log: Log
}

/** Covers a word that was lost, and one that came before its listener. */
const pollMs = 1_000

/** One look for all that is open by a key here. */
export function createKeyWatch({ revoked, onWord, log }: KeyWatchOptions): KeyWatch {
  const watchers = new Map<string, Set<() => void>>()

  async function look(keyIds: readonly string[]) {
    const watched = keyIds.filter((id) => watchers.has(id))
    if (watched.length === 0) return
    try {
      for (const id of await revoked(watched)) end(id)
    } catch (error) {
      log.warn({ err: error }, 'revoked keys could not be looked for; the next try follows')
    }
  }

  function end(keyId: string) {
    const ending = watchers.get(keyId) ?? []
    watchers.delete(keyId)
    for (const onRevoked of ending) onRevoked()
  }

  const unsubscribe = onWord((keyIds) => void look(keyIds))
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

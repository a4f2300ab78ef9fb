/** Something that a viewer of a list of conversations is to hear. */
export type ListChange =
  /** The list is to be read anew. */
  | { kind: 'OPENED' }
  /** Something has happened to the conversation; `wasListed` says whether it stood in the list that the viewer knows. */
  | { kind: 'TOUCHED'; conversationId: string; wasListed: boolean }

/** The changes of one person's list for one viewer. */
export interface ListWatch {
  /** The next change, as soon as there is one; null after `leave`. Once at a time. */
  next(): Promise<ListChange | null>
  leave(): void
}

/** The side of a watch that tells. */
export interface ListTeller {
  open(): void
  touch(conversationId: string, wasListed: boolean): void
}

/** Whoever has more to hear reads the list anew. So a slow viewer holds no more than so many ids. */
const maxPending = 1_000

/**
 * A viewer is a position, not a queue: a conversation that changes several times before the viewer reads on is told once,
 * and as it is then.
 */
export function createListWatch(onLeave: () => void): { watch: ListWatch; teller: ListTeller } {
  const pending = new Map<string, boolean>()
  let mustOpen = false
  let isLeft = false
  let resolve: ((change: ListChange | null) => void) | null = null

  function take(): ListChange | null {
    if (mustOpen) {
      mustOpen = false
      return { kind: 'OPENED' }
    }
    for (const [conversationId, wasListed] of pending) {
      pending.delete(conversationId)
      return { kind: 'TOUCHED', conversationId, wasListed }
    }
    return null
  }

  function settle() {
    if (resolve === null) return
    const change = isLeft ? null : take()
    if (change === null && !isLeft) return
    resolve(change)
    resolve = null
  }

  function open() {
    pending.clear()
    mustOpen = true
    settle()
  }

  return {
    watch: {
      next: () =>
        new Promise((done) => {
          resolve = done
          settle()
        }),
      leave() {
        if (isLeft) return
        isLeft = true
        settle()
        onLeave()
      },
    },
    teller: {
      open,
      touch(conversationId, wasListed) {
        // Whoever is about to read the list anew finds it there.
        if (mustOpen) return
        // What counts is whether it stood there when the viewer last heard of it.
        if (!pending.has(conversationId)) pending.set(conversationId, wasListed)
        if (pending.size > maxPending) open()
        else settle()
      },
    },
  }
}

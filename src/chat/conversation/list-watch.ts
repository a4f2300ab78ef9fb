/** A change for a viewer of a list of conversations. */
export type ListChange =
  /** The client has to read the whole list again. */
  | { kind: 'OPENED' }
  /**
   * The conversation has changed. `wasListed` is true if it was in the list that the viewer has, and `isListed` if it was in the
   * list when this was last read.
   */
  | ({ kind: 'TOUCHED'; conversationId: string } & Touch)

export interface Touch {
  wasListed: boolean
  isListed: boolean
}

/** The changes of a user's list, for one subscription. */
export interface ListWatch {
  /** Resolves with the next change, as soon as there is one, or with null after `leave`. Only one call at a time. */
  next(): Promise<ListChange | null>
  leave(): void
}

/** The side of a watch that reports changes. */
export interface ListTeller {
  open(): void
  touch(conversationId: string, touch: Touch): void
}

/** A viewer with more pending changes reads the whole list again, so a slow viewer holds no more ids than this. */
const maxPending = 1_000

/** A conversation that changes several times before the viewer takes the change is reported once, in its current state. */
export function createListWatch(onLeave: () => void): { watch: ListWatch; teller: ListTeller } {
  const pending = new Map<string, Touch>()
  let mustOpen = false
  let isLeft = false
  let resolve: ((change: ListChange | null) => void) | null = null

  function take(): ListChange | null {
    if (mustOpen) {
      mustOpen = false
      return { kind: 'OPENED' }
    }
    for (const [conversationId, touch] of pending) {
      pending.delete(conversationId)
      return { kind: 'TOUCHED', conversationId, ...touch }
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
      touch(conversationId, { wasListed, isListed }) {
        // A viewer who is about to read the whole list again will find the change there.
        if (mustOpen) return
        // Keeps whether the conversation was in the list when the viewer last got an event of it.
        pending.set(conversationId, { wasListed: pending.get(conversationId)?.wasListed ?? wasListed, isListed })
        if (pending.size > maxPending) open()
        else settle()
      },
    },
  }
}

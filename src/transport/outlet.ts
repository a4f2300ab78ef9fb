import type { Source } from '../chat/completion/completion.ts'
import type { WriteData } from '../schema/compiled-selection.ts'

/** Sends results of a subscription to its client. */
export interface Outlet {
  /** Sends the data of one result, which is JSON, and calls `onSent` when it was sent. */
  send(data: string, onSent: () => void): void
}

export function isSource(events: AsyncIterable<unknown>): events is Source<unknown> {
  return 'take' in events && 'onReady' in events
}

/**
 * Iterates over the events that need an execution. While `next` waits for such an event, the events before it are sent through
 * the outlet, each as soon as the previous one was sent. This avoids the promises of iterators, which cost more than writing an
 * event.
 */
export function pastOutlet(source: Source<unknown>, write: WriteData, outlet: Outlet): AsyncIterator<unknown> {
  let wanted: ((taken: IteratorResult<unknown> | Promise<never>) => void) | null = null
  let isSending = false

  function give(taken: IteratorResult<unknown> | Promise<never>) {
    wanted?.(taken)
    wanted = null
  }

  function flow() {
    if (wanted === null || isSending) return
    const taken = source.take()
    if (taken === null) return
    const data = taken.done ? null : write(taken.value)
    if (data === null) return give(taken)
    isSending = true
    outlet.send(data, onSent)
  }

  // The code that extends the answer calls this, and must not get an error from here.
  function flowSafely() {
    try {
      flow()
    } catch (error) {
      give(Promise.reject(error))
    }
  }

  function onSent() {
    isSending = false
    flowSafely()
  }

  source.onReady(flowSafely)
  return {
    next: () =>
      new Promise((resolve) => {
        wanted = resolve
        flowSafely()
      }),
    return: () => source.return?.() ?? Promise.resolve({ done: true, value: undefined }),
  }
}

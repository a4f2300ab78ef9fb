import type { Source } from '../chat/completion/completion.ts'
import type { WriteData } from '../schema/compiled-selection.ts'

/** Sends results of a subscription to its client. */
export interface Outlet {
  /** Takes the data of one result, as JSON, and calls `onSent` when it has left. */
  send(data: string, onSent: () => void): void
}

export function isSource(events: AsyncIterable<unknown>): events is Source<unknown> {
  return 'take' in events && 'onReady' in events
}

/**
 * The events that need an execution. While one is waited for, those before it go to the outlet, each as soon as the one
 * before has left: without the promises of iterators, which cost more than writing an event does.
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

  // Called by whoever moved the answer, who must not hear of an error here.
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

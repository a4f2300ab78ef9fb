export interface Steps<Value> {
  /** Resolves with the next value, or with null if the step has found none. Only one call at a time. */
  step(): Promise<Value | null>
  /** True if no value follows this one. */
  isLast?(value: Value): boolean
  /** Called once: after the last value, after an error, or when the reader leaves, even if a step is pending. */
  onEnd(): void
}

/**
 * Creates a stream of the values that the steps find. The iterator is written by hand, because return() of a generator waits
 * until its pending next() is done. Here it ends the pending next(), so that a reader can leave during a step that waits for
 * the database.
 */
export function createStepStream<Value>({
  step,
  isLast,
  onEnd,
}: Steps<Value>): AsyncIterableIterator<Value, undefined> {
  let isDone = false
  let endPending = () => {}

  function finish() {
    if (isDone) return
    isDone = true
    onEnd()
  }

  async function findNext(): Promise<IteratorResult<Value, undefined>> {
    while (!isDone) {
      const value = await step()
      if (value === null || isDone) continue
      if (isLast?.(value)) finish()
      return { done: false, value }
    }
    return { done: true, value: undefined }
  }

  return {
    next: () =>
      new Promise((resolve, reject) => {
        endPending = () => resolve({ done: true, value: undefined })
        // After an error, readers do not have to call return().
        findNext().then(resolve, (error) => {
          finish()
          reject(error)
        })
      }),
    async return() {
      finish()
      endPending()
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

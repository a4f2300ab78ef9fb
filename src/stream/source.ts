/** A stream of values that are taken synchronously, because a promise for each value would cost more than most values do. */
export interface Source<Value> extends AsyncIterableIterator<Value, undefined> {
  /** Takes the next value; null if there is none yet. */
  take(): IteratorResult<Value, undefined> | null
  /** Sets the listener that is called when a value may be available. It replaces the listener that was set before. */
  onReady(listener: () => void): void
}

interface SourceParts<Value> {
  take(): IteratorResult<Value, undefined> | null
  /** Call it when no more values are wanted. From then on `take` returns the end. */
  leave(): void
}

/**
 * Creates a source and the function that reports new values. The iterator is written by hand, because return() of a generator
 * waits until its pending next() is done.
 */
export function createSource<Value>({ take, leave }: SourceParts<Value>): { source: Source<Value>; ready(): void } {
  let ready = () => {}
  const source: Source<Value> = {
    take,
    onReady(listener) {
      ready = listener
    },
    async next() {
      for (;;) {
        const taken = take()
        if (taken !== null) return taken
        await new Promise<void>(source.onReady)
      }
    },
    async return() {
      leave()
      ready()
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]: () => source,
  }
  return { source, ready: () => ready() }
}

/** Values that can be taken where they are: a promise and a turn for each would cost more than most values do. */
export interface Source<Value> extends AsyncIterableIterator<Value, undefined> {
  /** null where nothing is there yet. */
  take(): IteratorResult<Value, undefined> | null
  /** Has `listener` called when there may be something to take. It takes the place of the one before. */
  onReady(listener: () => void): void
}

interface SourceParts<Value> {
  take(): IteratorResult<Value, undefined> | null
  /** Called when nobody wants any more; from then on `take` gives the end. */
  leave(): void
}

/**
 * The source, and what says that there may be something to take. Iterated by hand, since a generator's return() would
 * wait behind its pending next().
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

import { setImmediate as turn } from 'node:timers/promises'
import { byteSize } from './byte-size.ts'
import type { CompletionInput } from './completion-input.ts'
import type { User } from './viewer.ts'

type Work<Rest extends unknown[], Value> = (viewer: User, input: CompletionInput, ...rest: Rest) => Promise<Value>

/** Makes of a work one that is done for one big input at a time, in the order in which they come. */
export type OneBigAtATime = <Rest extends unknown[], Value>(work: Work<Rest, Value>) => Work<Rest, Value>

const bigBytes = 100_000

/**
 * Works with big inputs are short stretches without a break, between which they wait. Many at once would have theirs one
 * right after the other, while everybody else waits. Whatever they wait for ends by a deadline of its own.
 */
export function createOneBigAtATime(): OneBigAtATime {
  let last: Promise<unknown> = Promise.resolve()

  return (work) =>
    (viewer, input, ...rest) => {
      if (byteSize(input) < bigBytes) return work(viewer, input, ...rest)
      const done = last.then(() => turn()).then(() => work(viewer, input, ...rest))
      last = done.catch(() => {})
      return done
    }
}

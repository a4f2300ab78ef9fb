import { setImmediate as turn } from 'node:timers/promises'
import { byteSize } from '../access/byte-size.ts'
import type { StartRequest } from './start-request.ts'

type Work<Rest extends unknown[], Value> = (request: StartRequest, ...rest: Rest) => Promise<Value>

/** Wraps a function so that big requests run one at a time, in the order in which they come. Other requests are not delayed. */
export type OneBigAtATime = <Rest extends unknown[], Value>(work: Work<Rest, Value>) => Work<Rest, Value>

const bigBytes = 100_000
const manyMessages = 200

const isBig = ({ input }: StartRequest) => input.messages.length > manyMessages || byteSize(input) > bigBytes

/**
 * Work on a big request blocks the event loop for several short stretches. With many big requests at once the stretches would
 * follow each other directly, and everybody else would wait. A request cannot block the next one for ever, because everything
 * that the work waits for has a deadline of its own.
 */
export function createOneBigAtATime(): OneBigAtATime {
  let last: Promise<unknown> = Promise.resolve()

  return (work) =>
    (request, ...rest) => {
      if (!isBig(request)) return work(request, ...rest)
      const done = last.then(() => turn()).then(() => work(request, ...rest))
      last = done.catch(() => {})
      return done
    }
}

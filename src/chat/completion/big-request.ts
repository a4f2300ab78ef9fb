import { setImmediate as turn } from 'node:timers/promises'
import { byteSize } from '../access/byte-size.ts'
import type { StartRequest } from './start-request.ts'

type Work<Rest extends unknown[], Value> = (request: StartRequest, ...rest: Rest) => Promise<Value>

/** Returns the same work, done for one big request at a time, in the order in which they come. */
export type OneBigAtATime = <Rest extends unknown[], Value>(work: Work<Rest, Value>) => Work<Rest, Value>

const bigBytes = 100_000
const manyMessages = 200

const isBig = ({ input }: StartRequest) => input.messages.length > manyMessages || byteSize(input) > bigBytes

/**
 * Work on a big request is a series of short stretches without a break. Many such requests at once would put their stretches
 * one right after the other, while everybody else waits. Whatever the work waits for ends by a deadline of its own.
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

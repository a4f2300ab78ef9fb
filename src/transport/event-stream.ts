import type { ServerResponse } from 'node:http'
import { isAsyncIterable } from 'graphql-yoga'
import type { HttpPlugin } from './http-context.ts'

const standstillMs = 30_000
const lookMs = 3_000

/** Sees to it that an event stream ends with its client, and that its source is returned then: Yoga does so on a close. */
export const eventStreamPlugin: HttpPlugin = {
  onResultProcess({ result, serverContext: { res } }) {
    if (!isAsyncIterable(result)) return
    // Who left before its first byte was sent is not seen by Yoga.
    if (res.destroyed) return void result[Symbol.asyncIterator]().return?.()
    // nginx would hold events back.
    res.setHeader('x-accel-buffering', 'no')
    cutAtStandstill(res)
  },
}

/** Cuts off a client that takes nothing for too long. */
function cutAtStandstill(response: ServerResponse): void {
  let tookAt = performance.now()
  const timer = setInterval(() => {
    if (!response.writableNeedDrain) tookAt = performance.now()
    else if (performance.now() - tookAt >= standstillMs) response.destroy()
  }, lookMs)
  response.on('drain', () => {
    tookAt = performance.now()
  })
  response.once('close', () => clearInterval(timer))
}

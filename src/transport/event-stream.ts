import type { ServerResponse } from 'node:http'
import { isAsyncIterable } from 'graphql-yoga'
import type { HttpPlugin } from './http-context.ts'

const standstillMs = 30_000
const lookMs = 3_000

/**
 * Ends the source of an event stream if the client has already left, and closes the connection of a client that does not read.
 */
export const eventStreamPlugin: HttpPlugin = {
  onResultProcess({ result, serverContext: { res } }) {
    if (!isAsyncIterable(result)) return
    // Yoga does not notice a client that left before the first byte was sent.
    if (res.destroyed) return void result[Symbol.asyncIterator]().return?.()
    // Without this header nginx buffers the events.
    res.setHeader('x-accel-buffering', 'no')
    cutAtStandstill(res)
  },
}

/** Closes the connection of a client that has read nothing for too long. */
export function cutAtStandstill(response: ServerResponse): void {
  let readAt = performance.now()
  const timer = setInterval(() => {
    if (!response.writableNeedDrain) readAt = performance.now()
    else if (performance.now() - readAt >= standstillMs) response.destroy()
  }, lookMs)
  response.on('drain', () => {
    readAt = performance.now()
  })
  response.once('close', () => clearInterval(timer))
}

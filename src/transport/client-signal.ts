import type { ServerResponse } from 'node:http'

/**
 * Aborts when the client closes the connection before it has the whole response. Yoga's `request.signal` says the same, but it
 * is a ponyfill's object, which `AbortSignal.any` refuses from Node 24.22.1 on.
 */
export function clientSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController()
  const abort = () => controller.abort()
  if (response.closed) abort()
  else {
    response.once('close', () => {
      if (!response.writableFinished) abort()
    })
  }
  return controller.signal
}

import type { ServerResponse } from 'node:http'

/**
 * Aborts when the client closes the connection before it has the whole response. Yoga's `request.signal` does the same, but it
 * is the object of a ponyfill, which `AbortSignal.any` refuses since Node 24.22.1.
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

import { MessageType } from 'graphql-ws'
import type { Logger } from 'pino'
import type { WebSocket } from 'ws'
import { clientError } from '../../schema/client-error.ts'
import { operationIdIn } from './operation-id.ts'
import { withQuery } from './persisted-query.ts'

/** The maximum bytes of a message. */
const maxMessage = 1024 * 1024
/** How many bytes may wait for the client. */
const maxWaitingBytes = 1024 * 1024
const tooBig = 1009
/** After this code graphql-ws clients reconnect. */
export const tryAgainLater = 1013

/**
 * While too many bytes wait for the client, nothing is read from it. Its pongs are not read either, so the heartbeat closes the
 * socket of a client that has stopped reading.
 */
function sendWithin(socket: WebSocket, text: string, onSent: () => void): void {
  socket.send(text, () => {
    if (socket.isPaused && socket.bufferedAmount <= maxWaitingBytes) socket.resume()
    onSent()
  })
  if (socket.bufferedAmount > maxWaitingBytes) socket.pause()
}

function refuse(socket: WebSocket, id: string): void {
  const error = clientError('REQUEST_TOO_LARGE', `The operation is larger than ${maxMessage} bytes.`)
  sendWithin(socket, JSON.stringify({ id, type: MessageType.Error, payload: [error.toJSON()] }), () => {})
}

/**
 * The socket that graphql-ws works with. An operation that is too large does not reach graphql-ws: a client that has signed in
 * gets an error for that operation and keeps its other operations; before the sign-in, the socket is closed.
 */
export function protocolSocket(socket: WebSocket, isSignedIn: () => boolean, log: Logger) {
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))

  /**
   * Calls `onSent` when the message was sent, so that a source is read only as fast as its client reads. On a closing socket it
   * waits for the close. Otherwise a source that always has more would continue without a pause, and the close would never be
   * noticed.
   */
  function push(text: string, onSent: () => void): void {
    if (socket.readyState === socket.OPEN) sendWithin(socket, text, onSent)
    else void closed.then(onSent)
  }

  return {
    protocol: socket.protocol,
    push,
    send: (text: string) => new Promise<void>((resolve) => push(text, resolve)),
    close: (code?: number, reason?: string) => socket.close(code, reason),
    onMessage(handle: (text: string) => Promise<void>) {
      socket.on('message', (data: Buffer) => {
        const isTooLarge = data.length > maxMessage
        const id = isTooLarge && isSignedIn() ? operationIdIn(data) : null
        if (id !== null) return refuse(socket, id)
        if (isTooLarge) return socket.close(tooBig, `A message is larger than ${maxMessage} bytes`)
        handle(withQuery(String(data))).catch((error: unknown) => {
          log.error({ err: error }, 'unexpected error on a websocket')
          socket.close(tryAgainLater, 'Try again later')
        })
      })
    },
  }
}

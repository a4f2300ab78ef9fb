import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { ExecutionResult, GraphQLError } from 'graphql'
import type { ServerOptions } from 'graphql-ws'
import { CloseCode, handleProtocols, MessageType, makeServer } from 'graphql-ws'
import type { Logger } from 'pino'
import type { WebSocket } from 'ws'
import { WebSocketServer } from 'ws'
import type { Identity } from '../../auth/sign-in.ts'
import { clientError } from '../../schema/client-error.ts'
import { codeOf } from '../error.ts'
import type { GraphqlParts } from '../graphql.ts'
import { startHeartbeat } from '../heartbeat.ts'
import type { OperationArgs } from '../operation.ts'
import { type Origins, ownOrigin } from '../origin.ts'
import type { Outlet } from '../outlet.ts'
import { authorizationOf } from '../sign-in.ts'
import { protocolSocket, tryAgainLater } from './protocol-socket.ts'
import { createSocketLimits, type SocketLimitSettings, type SocketShare } from './socket-limits.ts'

/**
 * The maximum bytes of a message. More than an operation may have, so that a larger operation is refused without closing the
 * socket.
 */
const maxPayload = 8 * 1024 * 1024
const connectionInitWaitTimeout = 10_000
const closeWaitMs = 1_000
/** Time to send the last events of answers that have just ended. */
const lastWordsMs = 500
// After both codes graphql-ws clients reconnect, to another server if there is one.
const goingAway = 1001

// Shared by all operations, because creating an error with its stack trace costs more than the rest of an operation's end.
const isOver = new DOMException('The operation is over', 'AbortError')

export interface WebSocketDoor {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Refuses new sockets and new operations from now on. Running operations continue. */
  drain(): void
  close(): Promise<void>
}

export interface WebSocketParts extends GraphqlParts {
  origins: Origins
  limits: SocketLimitSettings
  assertReady: AssertReady
  log: Logger
}

/** Throws an error with the code UNAVAILABLE until the server can serve. */
export type AssertReady = () => void

/** GraphQL over WebSocket by the protocol graphql-transport-ws. */
export function createWebSocketDoor(parts: WebSocketParts): WebSocketDoor {
  let draining = false
  const sockets = new WebSocketServer({ noServer: true, handleProtocols, perMessageDeflate: false, maxPayload })
  const protocol = makeServer(protocolOptions(parts, () => draining))
  const heartbeat = startHeartbeat()
  const limits = createSocketLimits(parts.limits)
  const connections = new Set<Connection>()

  function open(socket: WebSocket, request: IncomingMessage): void {
    const channel = protocolSocket(socket, () => connection.identity !== null, parts.log)
    const connection: Connection = {
      socket,
      push: channel.push,
      authorization: authorizationOf(request),
      origin: ownOrigin(request),
      identity: null,
      share: limits.open(request),
      running: new Map(),
      onIdle: () => {},
      unwatch: () => {},
    }
    connections.add(connection)
    const closed = protocol.opened(channel, connection)
    heartbeat.watch(socket)
    socket.on('error', (error) => parts.log.debug({ err: error }, 'a websocket broke'))
    socket.once('close', (code, reason) => {
      connections.delete(connection)
      connection.share.close()
      connection.unwatch()
      for (const { left } of connection.running.values()) left.abort(isOver)
      closed(code, String(reason)).catch((error: unknown) => parts.log.error({ err: error }, 'unexpected error'))
    })
  }

  return {
    upgrade(request, socket, head) {
      // Without a listener, a peer that resets the connection would end the process.
      socket.on('error', () => {})
      if (draining) return refuseUpgrade(socket, '503 Service Unavailable')
      if (!parts.origins.knows(request) || !parts.origins.admits(request)) return refuseUpgrade(socket, '403 Forbidden')
      const refusal = limits.refusalOf(request)
      if (refusal !== null) return refuseUpgrade(socket, refusal)
      sockets.handleUpgrade(request, socket, head, open)
    },
    drain() {
      draining = true
    },
    async close() {
      draining = true
      heartbeat.stop()
      await Promise.all([...connections].map(closeConnection))
    },
  }
}

export function refuseUpgrade(socket: Duplex, status: string): void {
  // Destroyed here, because a peer may keep its half of the connection open for ever and so delay the server's close.
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`, () => socket.destroy())
}

async function closeConnection(connection: Connection): Promise<void> {
  const { socket, running } = connection
  const idle = new Promise<void>((resolve) => {
    connection.onIdle = resolve
  })
  if (running.size > 0) await Promise.race([idle, delay(lastWordsMs)])
  // If the socket is not open, the peer has left, and no `close` event follows.
  if (socket.readyState !== socket.CLOSED) await closeSocket(socket, goingAway, 'Going away')
}

/** Waits until the client confirms the close, but not for long. */
async function closeSocket(socket: WebSocket, code: number, reason: string): Promise<void> {
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.close(code, reason)
  const impatience = setTimeout(() => socket.terminate(), closeWaitMs)
  await closed
  clearTimeout(impatience)
}

/**
 * Closes the client's socket. Operations that still arrive on it are not started: the client sends them again on its next
 * socket.
 */
function sendAway(connection: Connection, code: number, reason: string): void {
  connection.identity = null
  void closeSocket(connection.socket, code, reason)
}

/** Closes with a code after which clients reconnect and read their credentials again. */
function endSignIn(connection: Connection): void {
  sendAway(connection, CloseCode.Forbidden, 'The sign-in has ended')
}

/**
 * After an error clients give a subscription up; after this close they send it again by themselves. They would send everything
 * else that runs on the socket again, too, so the socket is closed only if nothing but subscriptions that have not begun runs
 * on it.
 */
function sendAwayToRetry(connection: Connection, refused: Running, error: GraphQLError): void {
  const others = [...connection.running.values()].filter((running) => running !== refused)
  const canRetry = isSubscription(refused) && refused.stage !== 'told' && !refused.left.signal.aborted
  if (!canRetry || codeOf(error) !== 'UNAVAILABLE') return
  if (others.every((other) => isSubscription(other) && other.stage === 'asked')) {
    sendAway(connection, tryAgainLater, error.message)
  }
}

function isSubscription({ operation }: Running): boolean {
  return operation === 'subscription'
}

type ConnectionParams = Record<string, unknown> | undefined

interface Connection {
  socket: WebSocket
  /** Sends a message, and calls back when it was sent. */
  push(text: string, onSent: () => void): void
  /** Copied from the request that opened the socket, so that the request and its headers can be freed. */
  authorization: string | null
  /** The server's origin, according to that request. */
  origin: string
  /** null before the sign-in, and after the sign-in has ended or the socket is being closed */
  identity: Identity | null
  share: SocketShare
  /** by operation id */
  running: Map<string, Running>
  /** Called when no operation runs any more. */
  onIdle(): void
  unwatch(): void
}

interface Running {
  operation: 'query' | 'mutation' | 'subscription'
  /** for a subscription: whether its source exists and has sent an event */
  stage: 'asked' | 'open' | 'told'
  /** aborted when the operation is over or its client has left */
  left: AbortController
}

function protocolOptions(
  parts: WebSocketParts,
  isDraining: () => boolean,
): ServerOptions<ConnectionParams, Connection> {
  const { signIn, assertReady, runOperation, toClientError } = parts
  return {
    connectionInitWaitTimeout,
    async onConnect({ extra, connectionParams }) {
      try {
        const identity = await signIn.identify(credentials(extra.authorization, connectionParams))
        assertReady()
        extra.share.signIn(identity.subject)
        extra.identity = identity
        extra.unwatch = signIn.watch(identity, () => endSignIn(extra))
        // If the client has left meanwhile, no close follows that would end the watch.
        if (extra.socket.readyState !== extra.socket.OPEN) extra.unwatch()
        return true
      } catch (error) {
        const told = toClientError(error)
        // Clients give up after 4401. After 4403, which graphql-ws sends for `false`, they would retry for ever.
        const code = codeOf(told) === 'UNAUTHENTICATED' ? CloseCode.Unauthorized : tryAgainLater
        extra.socket.close(code, told.message.slice(0, 120))
        return false
      }
    },
    // An exception here would close the socket with 4500, after which clients do not retry any of their operations.
    async onSubscribe({ extra }, id, payload) {
      if (isDraining()) {
        extra.socket.close(goingAway, 'Going away')
        return [clientError('UNAVAILABLE', 'This server is shutting down.')]
      }
      // Of two operations with the same id, only the later one could be ended.
      if (extra.running.has(id)) return [clientError('BAD_REQUEST', 'An operation with this id is still running.')]
      try {
        return await begin(parts, extra, id, payload)
      } catch (error) {
        const told = toClientError(error)
        const refused = extra.running.get(id)
        if (refused) sendAwayToRetry(extra, refused, told)
        extra.running.delete(id)
        return [told]
      }
    },
    execute: runOperation,
    subscribe: runOperation,
    onOperation({ extra }, id, _payload, _args, result) {
      const running = extra.running.get(id)
      if (running && Symbol.asyncIterator in result) running.stage = 'open'
    },
    onNext({ extra }, id, _payload, _args, result) {
      const running = extra.running.get(id)
      if (running) noteResult(extra, running, result)
    },
    onError: (_context, _id, _payload, errors) => errors.map((error) => toClientError(error).toJSON()),
    onComplete({ extra }, id) {
      extra.running.get(id)?.left.abort(isOver)
      extra.running.delete(id)
      if (extra.running.size === 0) extra.onIdle()
    },
  }
}

function noteResult(connection: Connection, running: Running, result: ExecutionResult): void {
  // Without data, nothing has run or the source has failed.
  const error = 'data' in result ? undefined : result.errors?.[0]
  if (error) sendAwayToRetry(connection, running, error)
  running.stage = 'told'
}

async function begin(
  { admit, createContext }: WebSocketParts,
  { identity, running, origin, push }: Connection,
  id: string,
  payload: unknown,
): Promise<OperationArgs | GraphQLError[]> {
  // A socket that is being closed still receives messages until the client confirms the close.
  if (identity === null) return [clientError('UNAUTHENTICATED', 'The sign-in has ended.')]
  const admission = admit(payload)
  if ('errors' in admission) return admission.errors
  const left = new AbortController()
  const entry: Running = { operation: admission.admitted.operation.operation, stage: 'asked', left }
  running.set(id, entry)
  const contextValue = await createContext(identity, left.signal, origin)
  return { ...admission.admitted, contextValue, outlet: createOutlet(push, id, entry) }
}

/** Sends a result in the form in which the protocol's library sends results. */
function createOutlet(push: Connection['push'], id: string, running: Running): Outlet {
  const start = `{"id":${JSON.stringify(id)},"type":"${MessageType.Next}","payload":{"data":`
  return {
    send(data, onSent) {
      running.stage = 'told'
      push(`${start}${data}}}`, onSent)
    },
  }
}

function credentials(authorization: string | null, params: ConnectionParams): string | null {
  const given = params?.['authorization'] ?? authorization
  // A value that is not a text must not be treated as missing credentials.
  return typeof given === 'string' || given === null ? given : ''
}

import { once } from 'node:events'
import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { GraphQLSchema } from 'graphql'
import type { Logger } from 'pino'
import type { SignIn } from '../auth/sign-in.ts'
import { OpenaiError } from '../openai/error.ts'
import type { Openai } from '../openai/openai.ts'
import { createAdmission } from './admission/admission.ts'
import { createToClientError } from './error.ts'
import { acceptsHtml, createGraphiql } from './graphiql.ts'
import { createGraphqlHandler } from './graphql.ts'
import type { Checks } from './health.ts'
import { createReadiness, replyAlive } from './health.ts'
import { createOpenaiDoor, type ViewerOf } from './openai/openai-door.ts'
import type { CreateContext } from './operation.ts'
import { createRunOperation } from './operation.ts'
import type { Offer, OriginSettings, Origins } from './origin.ts'
import { createOrigins } from './origin.ts'
import { createPage } from './page.ts'
import { refuse } from './reply.ts'
import type { SocketLimitSettings } from './websocket/socket-limits.ts'
import { type AssertReady, createWebSocketDoor, refuseUpgrade } from './websocket/websocket.ts'

export interface ServerParts {
  settings: { host: string; port: number; operationCost: number } & OriginSettings & SocketLimitSettings
  schema: GraphQLSchema
  sdl: () => string
  signIn: SignIn
  createContext: CreateContext
  openai: Openai
  viewerOf: ViewerOf
  assertReady: AssertReady
  checks: Checks
  /** The folder of the built page. */
  pageFolder: string
  log: Logger
}

export interface Server {
  listen(): Promise<{ url: string; port: number }>
  /** Refuses new requests from now on. Open streams continue, and the health checks are still answered. */
  drain(): void
  /** Closes all connections, WebSockets with a code after which clients reconnect, and frees the port. */
  close(): Promise<void>
}

// Longer than the 60 s of the usual load balancers, which would otherwise send a request on a connection that is being closed.
const keepAliveMs = 65_000
const closeWaitMs = 1_000
const standstillMs = 30_000
// Four times Node's default, so that a token that is too long gets the usual UNAUTHENTICATED instead of Node's 431.
const maxHeaderSize = 65_536
const goingAway = 'This server is shutting down. Send the request again.'

/** The last headers are added by Apollo's clients, and browsers send them only if the preflight allows them. */
const graphqlOffer: Offer = {
  methods: 'GET, POST',
  headers: [
    'authorization',
    'content-type',
    'apollographql-client-name',
    'apollographql-client-version',
    'x-apollo-operation-name',
    'apollo-require-preflight',
  ],
  exposed: [],
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>
type Methods = Record<string, Handler>

export function createServer(parts: ServerParts): Server {
  let draining = false
  const { settings, schema, signIn, createContext, assertReady, log } = parts
  const origins = createOrigins(settings)
  const toClientError = createToClientError(log)
  const runOperation = createRunOperation(toClientError, settings.operationCost)
  const graphqlParts = {
    admit: createAdmission(schema, settings.operationCost),
    signIn,
    createContext,
    runOperation,
    toClientError,
  }
  const webSockets = createWebSocketDoor({ ...graphqlParts, origins, limits: settings, assertReady, log })
  const graphql = refuseWhile(() => draining, createGraphqlHandler(schema, graphqlParts))
  const openai = createOpenaiDoor({
    ...{ openai: parts.openai, viewerOf: parts.viewerOf, signIn, origins, toClientError },
    refusal: (request) => openaiRefusal(request, origins, draining),
  })
  const page = createPage(parts.pageFolder)
  const routes: Record<string, Methods> = {
    '/': readable(page),
    '/graphql': graphqlRoute(graphql, origins),
    '/schema.graphql': readable(replySdl(parts.sdl)),
    '/livez': readable(replyAlive),
    '/readyz': readable(createReadiness(parts.checks, () => draining)),
  }

  const server = createHttpServer({ keepAliveTimeout: keepAliveMs, maxHeaderSize }, (request, response) => {
    response.setHeader('x-content-type-options', 'nosniff')
    response.setHeader('referrer-policy', 'no-referrer')
    if (draining) response.setHeader('connection', 'close')
    const handle = isOpenai(request) ? openai : handlerOf(request)
    respond(handle, request, response).catch((error: unknown) => {
      const { message } = toClientError(error)
      if (response.headersSent) response.destroy()
      else refuse(response, 'INTERNAL_SERVER_ERROR', message)
    })
  })
  function handlerOf(request: IncomingMessage): Handler {
    if (!origins.knows(request)) return refuseHost
    return findHandler(routes[pathOf(request)] ?? readable(page), request)
  }
  const sockets = watchSockets(server)
  server.on('upgrade', (request, socket, head) => {
    // A refusal waits until the peer has read what was sent before. An accepted WebSocket loses this timeout.
    request.socket.setTimeout(standstillMs, () => socket.destroy())
    if (pathOf(request) === '/graphql') webSockets.upgrade(request, socket, head)
    else refuseUpgrade(socket, '404 Not Found')
  })

  return {
    listen: () => listen(server, settings, log),
    drain() {
      draining = true
      webSockets.drain()
    },
    async close() {
      draining = true
      const closed = new Promise((resolve) => server.close(resolve))
      const idleTimer = setTimeout(() => server.closeAllConnections(), closeWaitMs)
      await webSockets.close()
      const socketTimer = setTimeout(sockets.destroy, closeWaitMs)
      await closed
      clearTimeout(idleTimer)
      clearTimeout(socketTimer)
    },
  }
}

/** This function is async, so that an exception of a synchronous handler becomes a rejection, too. */
async function respond(handle: Handler, request: IncomingMessage, response: ServerResponse): Promise<void> {
  await handle(request, response)
}

/**
 * Keeps track of all sockets, also of those that Node's server forgets after an upgrade, and destroys sockets that nobody
 * reads.
 */
function watchSockets(server: HttpServer) {
  const sockets = new Set<Socket>()
  // A client may send the next request before it has the response to the last one, so the open responses are counted.
  const answering = new WeakMap<Socket, number>()
  const count = (socket: Socket, by: number) => answering.set(socket, (answering.get(socket) ?? 0) + by)
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('request', ({ socket }, response) => {
    count(socket, 1)
    response.once('close', () => count(socket, -1))
  })
  // Node reports a socket on which nothing was sent or received. It is kept only if its client waits for a response and has
  // read all that was sent: the response may take this long.
  server.setTimeout(standstillMs, (socket) => {
    if (socket.writableLength > 0 || !answering.get(socket)) socket.destroy()
  })
  return {
    destroy() {
      for (const socket of sockets) socket.destroy()
    },
  }
}

function pathOf({ url = '/' }: IncomingMessage): string {
  return url.split('?', 1)[0] ?? '/'
}

function readable(handle: Handler): Methods {
  return { GET: handle, HEAD: handle }
}

function graphqlRoute(graphql: Handler, origins: Origins): Methods {
  const graphiql = createGraphiql()
  const answer: Handler = (request, response) => {
    origins.share(request, response, graphqlOffer)
    return acceptsHtml(request) ? graphiql(request, response) : graphql(request, response)
  }
  const preflight: Handler = (request, response) => {
    origins.share(request, response, graphqlOffer)
    response.writeHead(204, { allow: 'GET, POST, OPTIONS' }).end()
  }
  return { GET: answer, POST: answer, OPTIONS: preflight }
}

function refuseWhile(isDraining: () => boolean, handle: Handler): Handler {
  return (request, response) => {
    if (!isDraining()) return handle(request, response)
    refuse(response, 'UNAVAILABLE', goingAway, { 'retry-after': '1' })
  }
}

function findHandler(methods: Methods, { method = '' }: IncomingMessage): Handler {
  const allow = Object.keys(methods).join(', ')
  return (
    methods[method] ??
    ((_, response) => refuse(response, 'METHOD_NOT_ALLOWED', `This path accepts ${allow}.`, { allow }))
  )
}

function refuseHost(request: IncomingMessage, response: ServerResponse): void {
  refuse(response, 'FORBIDDEN', strangeHost(request))
}

function strangeHost({ headers: { host } }: IncomingMessage): string {
  const cure = `http://${host} in ALLOWED_ORIGINS, or AUTH_DEV=allow`
  return `Dev sign-in checks no credentials, so requests for ${host} are refused without ${cure}.`
}

const isOpenai = (request: IncomingMessage) => pathOf(request).startsWith('/v1/')

function openaiRefusal(request: IncomingMessage, origins: Origins, isDraining: boolean): OpenaiError | null {
  if (!origins.knows(request)) return new OpenaiError(strangeHost(request), { status: 403, code: 'forbidden' })
  return isDraining ? new OpenaiError(goingAway, { status: 503, code: 'unavailable', retryAfterMs: 1_000 }) : null
}

function replySdl(sdl: () => string): Handler {
  let text: string | undefined
  return (_request, response) => {
    // Printed at the first request, because printing would add some milliseconds to the start.
    text ??= sdl()
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-cache' }).end(text)
  }
}

async function listen(server: HttpServer, { host, port }: ServerParts['settings'], log: Logger) {
  server.listen(port, host)
  await once(server, 'listening')
  // Errors after the start are about single connections, for example when no file descriptor is left.
  server.on('error', (error) => log.error({ err: error }, 'a connection was not accepted'))
  const address = server.address() as AddressInfo
  const everywhere = host === '0.0.0.0' || host === '::'
  const name = everywhere || host === '127.0.0.1' ? 'localhost' : host.includes(':') ? `[${host}]` : host
  return { url: `http://${name}:${address.port}`, port: address.port }
}

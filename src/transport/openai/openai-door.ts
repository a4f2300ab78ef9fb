import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Identity, SignIn } from '../../auth/sign-in.ts'
import type { User } from '../../chat/access/viewer.ts'
import type { Answer } from '../../openai/answer.ts'
import type { OpenaiError } from '../../openai/error.ts'
import type { Openai } from '../../openai/openai.ts'
import { clientError } from '../../schema/client-error.ts'
import { readJson } from '../body.ts'
import { clientSignal } from '../client-signal.ts'
import { deeperThan, maxLevels } from '../depth.ts'
import type { ToClientError } from '../error.ts'
import type { Offer, Origins } from '../origin.ts'
import { authorizationOf, cutAtEnd } from '../sign-in.ts'
import { openaiErrorOf } from './openai-error.ts'
import { replyAnswer, replyError } from './openai-reply.ts'
import { findRoute, type Route } from './openai-route.ts'

/** Rejects if the server cannot serve yet. */
export type ViewerOf = (identity: Identity) => Promise<User>

export interface OpenaiDoorParts {
  openai: Openai
  signIn: SignIn
  viewerOf: ViewerOf
  origins: Origins
  toClientError: ToClientError
  /** The error with which the request is refused; null if it is accepted. */
  refusal(request: IncomingMessage): OpenaiError | null
}

/** The headers that OpenAI's client adds and reads in a browser, and the headers that only this server has. */
const offer: Offer = {
  methods: 'GET, POST, DELETE',
  headers: [
    ...['authorization', 'content-type', 'idempotency-key', 'x-conversation-id', 'x-when-unwatched'],
    ...['openai-organization', 'openai-project'],
    ...['arch', 'lang', 'os', 'package-version', 'runtime', 'runtime-version'].map((name) => `x-stainless-${name}`),
    ...['retry-count', 'timeout', 'helper-method'].map((name) => `x-stainless-${name}`),
  ],
  exposed: [
    ...['x-request-id', 'x-conversation-id', 'retry-after', 'retry-after-ms', 'x-should-retry', 'openai-processing-ms'],
    ...['limit', 'remaining', 'reset'].map((name) => `x-ratelimit-${name}-requests`),
  ],
}

/** Serves everything below /v1 in OpenAI's format, including the errors. */
export function createOpenaiDoor(parts: OpenaiDoorParts) {
  const { openai, signIn, viewerOf, origins, toClientError, refusal } = parts

  async function answer(request: IncomingMessage, response: ServerResponse, route: Route): Promise<Answer> {
    // The client is identified before anything else of the request is read.
    const identity = await signIn.identify(authorizationOf(request))
    const viewer = await viewerOf(identity)
    const signal = clientSignal(response)
    cutAtEnd(response, (onEnd) => signIn.watch(identity, onEnd))
    const body = request.method === 'POST' ? await readBody(request) : null
    return route({ openai, viewer, request, body, signal, response })
  }

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const startedAt = performance.now()
    response.setHeader('x-request-id', `req_${randomUUID().replaceAll('-', '')}`)
    origins.share(request, response, offer)
    try {
      const refused = refusal(request)
      if (refused !== null) throw refused
      const route = findRoute(request, response)
      if (route === null) return void response.writeHead(204).end()
      const reply = await answer(request, response, route)
      setProcessingTime(response, startedAt)
      await replyAnswer(response, reply)
    } catch (error) {
      // A client that has left gets nothing. A stream that has begun is cut, because nothing else shows that it is incomplete.
      const failure = openaiErrorOf(error, toClientError)
      if (response.headersSent || response.destroyed) return void response.destroy()
      setProcessingTime(response, startedAt)
      replyError(response, failure)
    }
  }
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const body = await readJson(request)
  if (deeperThan(maxLevels, body)) {
    throw clientError('BAD_REQUEST', `The body is nested more than ${maxLevels} levels deep.`)
  }
  return body
}

function setProcessingTime(response: ServerResponse, startedAt: number): void {
  response.setHeader('openai-processing-ms', Math.round(performance.now() - startedAt))
}

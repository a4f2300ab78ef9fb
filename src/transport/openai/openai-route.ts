import type { IncomingMessage, ServerResponse } from 'node:http'
import type { User } from '../../chat/access/viewer.ts'
import type { Answer } from '../../openai/answer.ts'
import { OpenaiError } from '../../openai/error.ts'
import type { Openai } from '../../openai/openai.ts'

export interface RouteContext {
  openai: Openai
  viewer: User
  request: IncomingMessage
  response: ServerResponse
  /** The body of a POST; null for other methods. */
  body: unknown
  signal: AbortSignal
}

export type Route = (context: RouteContext) => Promise<Answer>

type Methods = Partial<Record<string, Route>>

const completions: Methods = {
  GET: ({ openai, viewer, request, signal }) => openai.storedCompletions.list(viewer, queryOf(request), signal),
  async POST({ openai, viewer, request, response, body, signal }) {
    const headers = {
      idempotencyKey: headerOf(request, 'idempotency-key'),
      conversationId: headerOf(request, 'x-conversation-id'),
      whenUnwatched: headerOf(request, 'x-when-unwatched'),
    }
    try {
      return await openai.complete(viewer, body, headers, signal)
    } finally {
      // A refusal has these headers, too, because the client needs them most after a refusal.
      for (const [name, value] of Object.entries(await openai.rateLimits(viewer))) response.setHeader(name, value)
    }
  },
}

const completion = (id: string): Methods => ({
  GET: ({ openai, viewer }) => openai.storedCompletions.retrieve(viewer, id),
  POST: ({ openai, viewer, body }) => openai.storedCompletions.update(viewer, id, body),
  DELETE: ({ openai, viewer }) => openai.storedCompletions.remove(viewer, id),
})

const completionMessages = (id: string): Methods => ({
  GET: ({ openai, viewer, request }) => openai.storedCompletions.messages(viewer, id, queryOf(request)),
})

/** The resources below /v1. The first one whose path matches is used. */
const resources: { path: RegExp; methods: (id: string) => Methods }[] = [
  { path: /^\/v1\/chat\/completions$/, methods: () => completions },
  { path: /^\/v1\/chat\/completions\/([^/]+)$/, methods: completion },
  { path: /^\/v1\/chat\/completions\/([^/]+)\/messages$/, methods: completionMessages },
  { path: /^\/v1\/models$/, methods: () => ({ GET: ({ openai, viewer }) => whole(openai.models(viewer)) }) },
  // Names of models can have slashes, and not every client escapes them.
  {
    path: /^\/v1\/models\/(.+)$/,
    methods: (id) => ({ GET: ({ openai, viewer }) => whole(openai.model(viewer, id)) }),
  },
]

async function whole(body: Promise<object>): Promise<Answer> {
  return { conversationId: null, body: await body }
}

function queryOf({ url = '' }: IncomingMessage): URLSearchParams {
  return new URLSearchParams(url.split('?', 2)[1])
}

function headerOf({ headers }: IncomingMessage, name: string): string | null {
  const value = headers[name]
  return typeof value === 'string' && value !== '' ? value : null
}

/** Returns null for a preflight. Throws OpenaiError if the path or the method is unknown. */
export function findRoute({ method = '', url = '/' }: IncomingMessage, response: ServerResponse): Route | null {
  const path = url.split('?', 1)[0] ?? '/'
  for (const resource of resources) {
    const match = resource.path.exec(path)
    if (match === null) continue
    const methods = resource.methods(decoded(match[1] ?? ''))
    const allow = [...Object.keys(methods), 'OPTIONS'].join(', ')
    if (method === 'OPTIONS' || methods[method] === undefined) response.setHeader('allow', allow)
    if (method === 'OPTIONS') return null
    const route = methods[method]
    if (route !== undefined) return route
    throw new OpenaiError(`This takes ${allow}.`, { status: 405, code: 'method_not_allowed' })
  }
  throw new OpenaiError('There is nothing here.', { status: 404, code: 'unknown_url' })
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

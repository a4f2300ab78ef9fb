import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sendJson } from './completion-response.ts'
import { errorBody, WireError } from './error.ts'
import { demoModels } from './models.ts'
import { modelCard, modelList } from './wire.ts'

export interface DemoModel {
  /** Listens on a free port. `baseUrl` ends in /v1, like the one of OpenAI. */
  listen(): Promise<{ baseUrl: string }>
  /** Closes the server, and cuts off the answers that are being sent. */
  close(): Promise<void>
}

const bodyLimitBytes = 8 * 1024 * 1024

/** The built-in model server, which uses OpenAI's format. It is the upstream if no other one is configured. */
export function createDemoModel({ host = '127.0.0.1' }: { host?: string } = {}): DemoModel {
  const server = createServer((request, response) => {
    void answer(request, response)
  })

  return {
    async listen() {
      server.listen(0, host)
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      return { baseUrl: `http://${host}:${port}/v1` }
    },
    async close() {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function answer(request: IncomingMessage, response: ServerResponse) {
  const left = new AbortController()
  response.once('close', () => left.abort())
  response.setHeader('x-request-id', `req_${randomBytes(16).toString('hex')}`)
  try {
    await route(request, response, left.signal)
  } catch (error) {
    if (left.signal.aborted) return
    refuse(
      response,
      error instanceof WireError ? error : new WireError(500, 'The demo model failed.', { type: 'server_error' }),
    )
  }
}

async function route(request: IncomingMessage, response: ServerResponse, signal: AbortSignal) {
  const path = (request.url ?? '/').split('?')[0] ?? '/'
  const model = path.startsWith('/v1/models/') ? path.slice('/v1/models/'.length) : null
  if (path === '/v1/chat/completions') {
    allow(request, 'POST')
    const body = await read(request)
    // Imported here and not at the top of the file, so that a server with a real model does not load it.
    const { complete } = await import('./completion.ts')
    return complete(body, response, signal)
  }
  if (path === '/v1/models') {
    allow(request, 'GET')
    return sendJson(response, 200, modelList())
  }
  if (model !== null && demoModels.has(model)) {
    allow(request, 'GET')
    return sendJson(response, 200, modelCard(model))
  }
  if (model === null) throw new WireError(404, `Invalid URL (${request.method} ${path})`)
  throw new WireError(404, `The model '${model}' does not exist`, { param: 'model', code: 'model_not_found' })
}

function allow(request: IncomingMessage, method: string) {
  if (request.method === method) return
  const message = `Not allowed to ${request.method} on ${request.url} (HINT: Perhaps you meant to make a ${method} request?)`
  throw new WireError(405, message, { code: 'method_not_supported', headers: { allow: method } })
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > bodyLimitBytes)
      throw new WireError(413, 'The request is too large.', { headers: { connection: 'close' } })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function refuse(response: ServerResponse, error: WireError) {
  if (response.headersSent) return void response.destroy()
  for (const [name, value] of Object.entries(error.details.headers ?? {})) response.setHeader(name, value)
  sendJson(response, error.status, errorBody(error))
}

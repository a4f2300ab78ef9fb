import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'

/** An OpenAI-compatible server over real sockets that sends what the test has scripted. */
export interface ScriptedUpstream {
  baseUrl: string
  /** POST /chat/completions, in the order of arrival */
  requests: RecordedRequest[]
  /** Resolves when the request with this index, counted from 0, has arrived with its body. */
  request(index: number): Promise<RecordedRequest>
  /** Scripts the response to the next request that has no earlier `reply`. */
  reply(...script: Step[]): void
  /** Scripts the response to every request without a `reply`; the default is `Hello world`. */
  replyAlways(script: (request: RecordedRequest) => Step[]): void
  /** Scripts the response to GET /models; the default is `test-model`. */
  replyModels(...script: Step[]): void
  /** GET /models */
  modelRequests: RecordedRequest[]
  close(): Promise<void>
}

export interface RecordedRequest {
  path: string
  headers: IncomingHttpHeaders
  text: string
  /** `text` as JSON */
  body: Record<string, unknown>
  /** on the clock of performance.now() */
  arrivedMs: number
  /** the port of the client's socket: the same for two requests on one connection */
  port: number
  /** Resolves when the socket is closed, by either side. */
  closed: Promise<void>
}

/** One action of the server. Steps run in order; after the last one, the response ends in good order. */
export type Step = (wire: Wire) => void | Promise<void>

interface Wire {
  response: ServerResponse
  socket: Socket
  /** Resolves when the response or its socket is closed. */
  closed: Promise<void>
}

export async function startScriptedUpstream(): Promise<ScriptedUpstream> {
  const requests: RecordedRequest[] = []
  const modelRequests: RecordedRequest[] = []
  const waiting: { index: number; resolve(request: RecordedRequest): void }[] = []
  const replies: Step[][] = []
  const closings = new WeakMap<Socket, Promise<void>>()
  let always = (_: RecordedRequest): Step[] => [...chunks('Hello', ' world'), finish('stop'), usage(9, 2), done()]
  let modelsReply = [
    json({ object: 'list', data: [{ id: 'test-model', object: 'model', created: 1, owned_by: 'test' }] }),
  ]

  async function onRequest(message: IncomingMessage, response: ServerResponse) {
    const closed = closings.get(message.socket) ?? Promise.resolve()
    const recorded = await record(message, closed)
    if (!recorded) return
    const isModels = message.method === 'GET'
    ;(isModels ? modelRequests : requests).push(recorded)
    for (const { index, resolve } of waiting) if (requests[index]) resolve(requests[index])
    const script = isModels ? modelsReply : (replies.shift() ?? always(recorded))
    await play(script, response, message.socket)
  }

  const server = createServer((message, response) => void onRequest(message, response))
  server.on('connection', (socket) => {
    closings.set(socket, new Promise((resolve) => socket.once('close', () => resolve())))
  })
  server.on('clientError', (_, socket) => socket.destroy())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    requests,
    modelRequests,
    request(index) {
      const arrived = requests[index]
      return arrived ? Promise.resolve(arrived) : new Promise((resolve) => waiting.push({ index, resolve }))
    },
    reply(...script) {
      replies.push(script)
    },
    replyAlways(script) {
      always = script
    },
    replyModels(...script) {
      modelsReply = script
    },
    close() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

async function record(message: IncomingMessage, closed: Promise<void>): Promise<RecordedRequest | null> {
  const { socket, headers, url: path = '' } = message
  const port = socket.remotePort ?? 0
  const parts: Buffer[] = []
  try {
    for await (const part of message) parts.push(part as Buffer)
  } catch {
    return null
  }
  const text = Buffer.concat(parts).toString()
  return { path, headers, text, body: text ? JSON.parse(text) : {}, arrivedMs: performance.now(), port, closed }
}

async function play(script: Step[], response: ServerResponse, socket: Socket) {
  const closed = new Promise<void>((resolve) => response.once('close', () => resolve()))
  for (const step of script) {
    await Promise.race([step({ response, socket, closed }), closed])
    if (socket.destroyed || response.writableEnded) return
  }
  if (socket.writable) response.end()
}

/** Without this step, the first step that writes begins a response with status 200 and `text/event-stream`. */
export function head(status: number, headers: Record<string, string> = {}): Step {
  return ({ response }) => {
    response.writeHead(status, headers)
    response.flushHeaders()
  }
}

/** Unchanged bytes of the body, in pieces of the given sizes, each of which is an HTTP chunk. The last size is repeated. */
export function raw(content: string | Uint8Array, ...sizes: number[]): Step {
  const bytes = Buffer.from(content)
  return async ({ response }) => {
    begin(response)
    let from = 0
    for (let piece = 0; from < bytes.length; piece++) {
      const size = sizes[Math.min(piece, sizes.length - 1)] ?? bytes.length
      response.write(bytes.subarray(from, from + size))
      from += size
      await nextTurn()
    }
  }
}

/** One SSE event with this data; an object is sent as JSON. */
export function event(data: string | object): Step {
  return ({ response }) => {
    begin(response)
    response.write(`data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`)
  }
}

export function comment(text = 'keep-alive'): Step {
  return ({ response }) => {
    begin(response)
    response.write(`: ${text}\n\n`)
  }
}

/** A complete JSON response. */
export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Step {
  return ({ response }) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
  }
}

/** A response with OpenAI's error object. */
export function refusal(
  status: number,
  error: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Step {
  return json(
    { error: { message: `refused with ${status}`, type: 'test', param: null, code: null, ...error } },
    status,
    headers,
  )
}

/** Raw bytes on the socket in the place of the response. */
export function socketBytes(bytes: string): Step {
  return ({ socket }) => {
    socket.write(bytes)
  }
}

/** Sends what was written, and then resets the connection. */
export function destroy(): Step {
  return ({ socket }) => flushed(socket).then(() => void socket.resetAndDestroy())
}

/** Sends what was written, and then closes the sending side of the socket in the middle of the response. */
export function halfClose(): Step {
  return ({ socket }) => flushed(socket).then(() => void socket.end())
}

/**
 * Holds the script until the test opens the gate or the client leaves. `reached` resolves when the script has come to the gate.
 */
export function gate() {
  let open = () => {}
  let arrive = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  const reached = new Promise<void>((resolve) => {
    arrive = resolve
  })
  const wait: Step = () => {
    arrive()
    return opened
  }
  return { wait, reached, open }
}

/** Sends nothing until the client leaves. */
export function silence(): Step {
  return ({ closed }) => closed
}

/** Repeats the step at this interval until the client leaves. */
export function every(ms: number, step: Step): Step {
  return async (wire) => {
    const timer = setInterval(() => void step(wire), ms)
    await wire.closed
    clearInterval(timer)
  }
}

export function chunk(choices: object[], more: object = {}): Step {
  return event({
    id: 'chatcmpl-test',
    object: 'chat.completion.chunk',
    created: 1_700_000_000,
    model: 'test-model',
    choices,
    ...more,
  })
}

export function delta(content: object, index = 0): Step {
  return chunk([{ index, delta: content, finish_reason: null }])
}

/** The role, and then one chunk per text. */
export function chunks(...texts: string[]): Step[] {
  return [delta({ role: 'assistant', content: '' }), ...texts.map((content) => delta({ content }))]
}

export function finish(reason: string, index = 0): Step {
  return chunk([{ index, delta: {}, finish_reason: reason }])
}

export function usage(promptTokens: number, completionTokens: number): Step {
  const total = promptTokens + completionTokens
  return chunk([], { usage: { prompt_tokens: promptTokens, completion_tokens: completionTokens, total_tokens: total } })
}

export function done(): Step {
  return event('[DONE]')
}

function begin(response: ServerResponse) {
  if (!response.headersSent)
    response.writeHead(200, { 'content-type': 'text/event-stream', 'x-request-id': 'req-test' })
}

function flushed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.write('', () => resolve())
  })
}

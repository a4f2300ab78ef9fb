import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { type Question, scriptOf } from './script.ts'

/** An upstream that answers each question with its script, and counts. */
export interface Model {
  baseUrl: string
  callsOf(questionId: string): number
  /** Resolves to the time, on the clock of performance.now(), when the socket of the question's call has closed. */
  closed(questionId: string): Promise<number>
  close(): Promise<void>
}

/** What is answered where somebody asks in words of their own. */
const anyQuestion: Question = { id: 'any', seed: 'any', pieces: 10, paceMs: 0 }

interface Call {
  count: number
  closed: Promise<number>
}

export async function startModel(): Promise<Model> {
  const calls = new Map<string, Call>()
  const closings = new WeakMap<Socket, Promise<number>>()

  async function onRequest(request: IncomingMessage, response: ServerResponse) {
    if (request.method === 'GET') return void response.end('{"object":"list","data":[{"id":"scripted"}]}')
    const question = await questionIn(request)
    const closed = closings.get(request.socket) ?? Promise.resolve(performance.now())
    calls.set(question.id, { count: (calls.get(question.id)?.count ?? 0) + 1, closed })
    await answer(question, response)
  }

  // A server that was killed leaves requests that were not read to their end.
  const server = createServer((request, response) => void onRequest(request, response).catch(() => {}))
  server.on('connection', (socket) => {
    const closed = new Promise<number>((resolve) => socket.once('close', () => resolve(performance.now())))
    closings.set(socket, closed)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    callsOf: (id) => calls.get(id)?.count ?? 0,
    async closed(id) {
      const call = calls.get(id)
      if (call === undefined) throw new Error(`The upstream was never asked ${id}`)
      return call.closed
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function questionIn(request: IncomingMessage): Promise<Question> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  const { messages } = JSON.parse(Buffer.concat(parts).toString()) as { messages: { content: string }[] }
  const asked = messages.at(-1)?.content ?? ''
  return asked.startsWith('{') ? (JSON.parse(asked) as Question) : anyQuestion
}

async function flood(response: ServerResponse): Promise<void> {
  const event = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'mole '.repeat(2_000) } }] })}\n\n`
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const closed = once(response, 'close')
  while (!response.destroyed) if (!response.write(event)) await Promise.race([once(response, 'drain'), closed])
}

async function answer(question: Question, response: ServerResponse): Promise<void> {
  if (question.isEndless) return flood(response)
  const { pieces, hasUsage } = scriptOf(question)
  const frame = { id: `chatcmpl-${question.id}`, object: 'chat.completion.chunk', created: 1, model: 'scripted' }
  const send = (more: object) => response.write(`data: ${JSON.stringify({ ...frame, ...more })}\n\n`)
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  // Else it goes with the first piece, and whoever is cancelled before that was not asked.
  response.flushHeaders()
  for (const { index, delta, finishReason, waitMs } of pieces) {
    if (waitMs > 0) await delay(waitMs)
    if (response.destroyed) return
    send({ choices: [{ index, delta, finish_reason: finishReason }] })
  }
  if (hasUsage) send({ choices: [], usage: { prompt_tokens: 7, completion_tokens: 11, total_tokens: 18 } })
  response.end('data: [DONE]\n\n')
}

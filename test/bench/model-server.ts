// Run as a process of its own: a model server that says what its questions determine, at the pace that it is asked for.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { answerTo, shapeOf, stamp } from './model-answer.ts'

interface Request {
  model: string
  messages: { content: string }[]
  stream_options?: { include_usage?: boolean }
}

// A connection that closes between two repetitions would make the next first token pay for a new one.
const keepAliveTimeout = 600_000

function chunk(model: string, choices: object[], more: object = {}): string {
  const id = 'chatcmpl-bench'
  return `data: ${JSON.stringify({ id, object: 'chat.completion.chunk', created: 1, model, choices, ...more })}\n\n`
}

async function answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
  const { model, messages, stream_options: options } = (await json(message)) as Request
  const startMs = performance.now()
  const { tokens, firstMs, gapMs, stamped } = shapeOf(model)
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const [index, token] of answerTo(messages.at(-1)?.content ?? '', tokens).entries()) {
    const waitMs = startMs + firstMs + index * gapMs - performance.now()
    if (waitMs > 0) await delay(waitMs)
    if (response.destroyed) return
    // One HTTP chunk each, as models do it; those written without a wait leave in one write to the socket.
    response.write(
      chunk(model, [{ index: 0, delta: { content: stamped ? stamp(token) : token }, finish_reason: null }]),
    )
  }
  response.write(chunk(model, [{ index: 0, delta: {}, finish_reason: 'stop' }]))
  const usage = { prompt_tokens: 1, completion_tokens: tokens, total_tokens: tokens + 1 }
  if (options?.include_usage) response.write(chunk(model, [], { usage }))
  response.end('data: [DONE]\n\n')
}

const server = createServer({ keepAliveTimeout }, (message, response) => {
  if (message.method === 'POST') answer(message, response).catch((error: unknown) => response.destroy(error as Error))
  else response.writeHead(404).end()
}).listen(0, '127.0.0.1', 1_024)
await once(server, 'listening')
process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)

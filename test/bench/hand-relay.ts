// Run as a process of its own: the yardstick. SSE in, frames of graphql-transport-ws out, one per token, or one JSON body
// for the whole answer; no GraphQL, no sign-in, no store. Its argument is the model server's address.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { Pool } from 'undici'
import { type WebSocket, WebSocketServer } from 'ws'
import { askModel } from './model-client.ts'

interface Frame {
  id: string
  type: string
  payload: { variables: { input: { start: { completion: { model: string; messages: { content: string }[] } } } } }
}

const pool = new Pool(String(process.argv[2]))

async function relay(socket: WebSocket, { id, payload }: Frame): Promise<void> {
  const { model, messages } = payload.variables.input.start.completion
  const send = (event: object) =>
    socket.send(JSON.stringify({ id, type: 'next', payload: { data: { completionStream: event } } }))
  let text = ''
  await askModel(pool, model, messages[0]?.content ?? '', (content) => {
    text += content
    send({ __typename: 'CompletionDelta', choices: [{ index: 0, content }] })
  })
  send({
    __typename: 'CompletionEnded',
    completion: { status: 'COMPLETED', choices: [{ message: { content: text } }] },
  })
  socket.send(JSON.stringify({ id, type: 'complete' }))
}

interface Body {
  variables: { input: { model: string; messages: { content: string }[] } }
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { model, messages } = ((await json(request)) as Body).variables.input
  let content = ''
  await askModel(pool, model, messages[0]?.content ?? '', (more) => {
    content += more
  })
  const completion = { status: 'COMPLETED', choices: [{ message: { content } }] }
  const body = Buffer.from(JSON.stringify({ data: { createCompletion: { completion } } }))
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body)
}

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => response.destroy(error as Error))
}).listen(0, '127.0.0.1', 1_024)
const sockets = new WebSocketServer({ server, perMessageDeflate: false })
sockets.on('connection', (socket) => {
  socket.on('message', (data) => {
    const frame: Frame = JSON.parse(String(data))
    if (frame.type === 'connection_init') socket.send('{"type":"connection_ack"}')
    if (frame.type === 'subscribe') relay(socket, frame).catch(() => socket.close(1011))
  })
})
await once(server, 'listening')
process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)

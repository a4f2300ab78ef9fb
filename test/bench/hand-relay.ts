// Run as a process of its own: the yardstick. SSE in, frames of graphql-transport-ws out, one per token; no GraphQL, no
// sign-in, no store. Its argument is the model server's address.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
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

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
server.on('connection', (socket) => {
  socket.on('message', (data) => {
    const frame: Frame = JSON.parse(String(data))
    if (frame.type === 'connection_init') socket.send('{"type":"connection_ack"}')
    if (frame.type === 'subscribe') relay(socket, frame).catch(() => socket.close(1011))
  })
})
await once(server, 'listening')
process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)

// Run as a process of its own: the floor. The model server's bytes to the client as they come, unread. Its argument is the
// model server's address.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { Pool } from 'undici'

const pool = new Pool(String(process.argv[2]))

async function pipe(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await text(request)
  const headers = { 'content-type': 'application/json' }
  const answer = await pool.request({ method: 'POST', path: request.url ?? '/', headers, body })
  response.writeHead(answer.statusCode, { 'content-type': 'text/event-stream' })
  await pipeline(answer.body, response)
}

const server = createServer((request, response) => {
  pipe(request, response).catch((error: unknown) => response.destroy(error as Error))
}).listen(0, '127.0.0.1', 1_024)
await once(server, 'listening')
process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)

import { once } from 'node:events'
import { connect, Socket } from 'node:net'
import { expect, test } from 'vitest'
import { openDoor } from '../harness/door.ts'

/** Of the connections to this port, both ends, since the server is in this process. */
function openSockets(port: number): number {
  const { _getActiveHandles } = process as unknown as { _getActiveHandles(): unknown[] }
  const sockets = _getActiveHandles().filter((handle) => handle instanceof Socket)
  return sockets.filter(({ localPort, remotePort }) => localPort === port || remotePort === port).length
}

test('whoever takes nothing of an answer is cut off, and nobody who waits for one', { timeout: 90_000 }, async () => {
  const { url } = await openDoor()
  const { hostname } = new URL(url)
  const port = Number(new URL(url).port)
  const ask = (query: string) => `GET /graphql?query=${encodeURIComponent(query)} HTTP/1.1\r\nHost: x\r\n\r\n`
  async function client(requests: string) {
    const socket = connect({ host: hostname, port })
    socket.write(requests)
    await once(socket, 'readable')
    return socket
  }
  const deaf = await client(ask('{ long(of: 50000000) }'))
  // The second answer, which never comes, is asked for before the first has come.
  const patient = await client(ask('{ double(of: 1) }') + ask('{ waiting }'))
  patient.resume()
  expect(openSockets(port)).toBe(4)
  // After 30 s, and as much where the system took some of it meanwhile.
  await expect.poll(() => openSockets(port), { timeout: 75_000 }).toBe(3)
  expect(patient.readyState).toBe('open')
  for (const socket of [deaf, patient]) socket.destroy()
})

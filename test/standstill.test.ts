import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { openDoor } from './door.ts'

/** Both ends, since the server is in this process. */
function openSockets() {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
}

test('whoever takes nothing of an answer is cut off', { timeout: 90_000 }, async () => {
  const { url } = await openDoor()
  const { hostname, port } = new URL(url)
  const client = connect({ host: hostname, port: Number(port) })
  client.write('GET /graphql?query=%7Blong(of:50000000)%7D HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(client, 'readable')
  expect(openSockets()).toBe(2)
  // After 30 s, and as much where the system took some of it meanwhile.
  await expect.poll(openSockets, { timeout: 75_000 }).toBe(1)
  client.destroy()
})

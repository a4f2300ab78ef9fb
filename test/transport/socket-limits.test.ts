import { networkInterfaces } from 'node:os'
import { expect, test } from 'vitest'
import { openDoor } from '../harness/door.ts'
import { ask, dial, signedIn, upgrade } from '../harness/websocket-client.ts'

/** Addresses of this machine that are not loopback. */
const outerHosts = Object.values(networkInterfaces()).flatMap((addresses) =>
  (addresses ?? [])
    .filter(({ internal, scopeid }) => !internal && !scopeid)
    .map(({ address, family }) => (family === 'IPv6' ? `[${address}]` : address)),
)

async function isServed(client: Awaited<ReturnType<typeof dial>>) {
  client.send(ask('{ viewer { name } }'))
  expect((await client.receive()).type).toBe('next')
  expect((await client.receive()).type).toBe('complete')
}

test('a user has so many WebSockets; one more is closed with 1013, others are served, and one that ends makes room', async () => {
  const { url } = await openDoor({ socketsPerUser: 2 })
  const alice = () => signedIn(url, { authorization: 'Dev alice' })
  const [first, second] = [await alice(), await alice()]
  const refused = await dial(url)
  refused.send({ type: 'connection_init', payload: { authorization: 'Dev alice' } })
  expect(await refused.closed).toBe(1013)
  for (const client of [first, second, await signedIn(url, { authorization: 'Dev bob' })]) await isServed(client)
  first.socket.close()
  await first.closed
  await isServed(await alice())
})

test('a process has so many WebSockets; one more is refused with 503, and one that ends makes room', async () => {
  const { url } = await openDoor({ maxSockets: 2 })
  const [first, second] = [await signedIn(url), await signedIn(url)]
  expect(await upgrade(`${url}/graphql`)).toBe(503)
  await isServed(second)
  first.socket.terminate()
  await expect.poll(() => upgrade(`${url}/graphql`)).toBe(101)
})

test.each(outerHosts)('a client at %s has so many WebSockets; one more is refused with 429', async (host) => {
  const { url } = await openDoor({ socketsPerAddress: 2, host: '::', anyHost: true })
  const { port } = new URL(url)
  const outside = `http://${host}:${port}`
  const [first, second] = [await signedIn(outside), await signedIn(outside)]
  // Where it says that it asks for somebody else is not asked.
  expect(await upgrade(`${outside}/graphql`, { 'x-forwarded-for': '203.0.113.7' })).toBe(429)
  await isServed(second)
  await isServed(await signedIn(`http://127.0.0.1:${port}`))
  first.socket.terminate()
  await expect.poll(() => upgrade(`${outside}/graphql`)).toBe(101)
})

test('clients behind a proxy on the machine of the server have no address of their own', async () => {
  const { url } = await openDoor({ socketsPerAddress: 1 })
  for (const client of [await signedIn(url), await signedIn(url)]) await isServed(client)
})

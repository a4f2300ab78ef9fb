import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { openDoor, unavailable } from '../harness/door.ts'
import { ask, dial, signedIn, upgrade } from '../harness/websocket-client.ts'

/** Resolves when nobody can connect any more. */
async function refusesConnections(url: string) {
  const { hostname, port } = new URL(url)
  const outcome = await new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => {
      socket.destroy()
      resolve('taken')
    }).on('error', resolve)
  })
  if (outcome === 'taken') await refusesConnections(url)
}

describe('when the server stops', () => {
  test('with 1001 when the server stops, so that its client goes on elsewhere', async () => {
    const { url, server, parked, left } = await openDoor()
    const client = await signedIn(url)
    client.send(ask('subscription { parked }'))
    await parked.happened
    server.drain()
    client.send({ type: 'ping' })
    await client.receive()
    expect(await client.receive()).toEqual({ type: 'pong' })
    await server.close()
    expect(await client.closed).toBe(1001)
    await left.happened
  })

  test('when the server stops, though it reads nothing and there is always more to send', async () => {
    const { url, server, aborted } = await openDoor()
    const client = await signedIn(url)
    client.send(ask('subscription { count(to: 20000000) }'))
    await client.receive()
    client.socket.pause()
    await server.close()
    await aborted.happened
  })

  test('with 1001 when it asks for something new while the server drains', async () => {
    const { url, server, resolved } = await openDoor()
    const client = await signedIn(url)
    server.drain()
    client.send(ask('{ viewer { name } }'))
    expect(await client.closed).toBe(1001)
    expect(resolved).toEqual([])
  })

  test('a client that leaves by itself meanwhile holds up nothing', async () => {
    const { url, server, parked, left } = await openDoor()
    const client = await signedIn(url)
    client.send(ask('subscription { parked }'))
    await parked.happened
    const closed = server.close()
    await refusesConnections(url)
    client.socket.close()
    await closed
    await left.happened
  })

  test('a client whose upgrade was refused and who stays holds up nothing', async () => {
    const { url, server } = await openDoor()
    const { hostname, port } = new URL(url)
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
    socket.write('GET /other HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    const [answer] = await once(socket, 'data')
    expect(String(answer)).toMatch(/^HTTP\/1.1 404 /)
    await server.close()
    socket.destroy()
  })

  test('a client whose refused upgrade waits behind what it does not take holds up nothing', async () => {
    const { url, server } = await openDoor()
    const { hostname, port } = new URL(url)
    const socket = connect({ host: hostname, port: Number(port) })
    const query = encodeURIComponent('{ long(of: 50000000) }')
    socket.write(`GET /graphql?query=${query} HTTP/1.1\r\nHost: x\r\n\r\n`)
    await once(socket, 'readable')
    socket.write('GET /other HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    // Time for the server to read it.
    await fetch(`${url}/livez`)
    await server.close()
    socket.destroy()
  })

  test('an upgrade is answered with 503', async () => {
    const { url, server } = await openDoor()
    server.drain()
    expect(await upgrade(`${url}/graphql`)).toBe(503)
  })
})

const unavailableError = expect.objectContaining({ extensions: { code: 'UNAVAILABLE' } })

describe('with 1013, after which clients come back by themselves,', () => {
  test('when the server is not ready, whoever signs in', async () => {
    const assertReady = () => {
      throw unavailable()
    }
    const { url } = await openDoor({ assertReady })
    const client = await dial(url)
    client.send({ type: 'connection_init' })
    expect(await client.closed).toBe(1013)
  })

  test.each(['unavailable', 'failing(to: 0)'])('when its subscription %s cannot be served now', async (field) => {
    const { url } = await openDoor()
    const client = await signedIn(url)
    client.send(ask(`subscription { ${field} }`))
    expect(await client.closed).toBe(1013)
    expect(client.unread()).toEqual([])
  })

  test('when none of several subscriptions can be served now', async () => {
    const { url } = await openDoor()
    const client = await signedIn(url, { authorization: 'Dev nobody-can-serve' })
    for (const id of ['1', '2', '3']) client.send(ask('subscription { parked }', id))
    expect(await client.closed).toBe(1013)
    expect(client.unread()).toEqual([])
  })
})

describe('a subscription that cannot be served now fails alone', () => {
  test.each(['subscription { parked }', '{ waiting }'])('beside %s', async (other) => {
    const { url, parked } = await openDoor()
    const client = await signedIn(url)
    client.send(ask(other, 'other'))
    await parked.happened
    if (other.includes('parked')) await client.receive()
    client.send(ask('subscription { unavailable }'))
    expect(await client.receive()).toEqual({ id: '1', type: 'next', payload: { errors: [unavailableError] } })
    expect(await client.receive()).toEqual({ id: '1', type: 'complete' })
    client.send({ type: 'ping' })
    expect(await client.receive()).toEqual({ type: 'pong' })
  })

  test('when it has told something', async () => {
    const { url } = await openDoor()
    const client = await signedIn(url)
    client.send(ask('subscription { failing(to: 1) }'))
    expect(await client.receive()).toEqual({ id: '1', type: 'next', payload: { data: { failing: 1 } } })
    expect(await client.receive()).toEqual({ id: '1', type: 'next', payload: { errors: [unavailableError] } })
    expect(await client.receive()).toEqual({ id: '1', type: 'complete' })
  })
})

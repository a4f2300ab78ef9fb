import { once } from 'node:events'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { RequestError, subscribe } from '../harness/client.ts'
import { openDoor, secret } from '../harness/door.ts'
import { hostileDocuments } from '../harness/hostile-documents.ts'
import { ask, dial, signedIn, upgrade } from '../harness/websocket-client.ts'

describe('an operation over WebSocket', () => {
  test.each([
    [undefined, 'dev'],
    [{ authorization: 'Dev alice' }, 'alice'],
  ])('with connection parameters %j is of the viewer %s', async (payload, name) => {
    const { url } = await openDoor()
    const client = await signedIn(url, payload)
    client.send(ask('{ viewer { name } }'))
    expect(await client.receive()).toEqual({ id: '1', type: 'next', payload: { data: { viewer: { name } } } })
    expect(await client.receive()).toEqual({ id: '1', type: 'complete' })
  })

  test('gives every event of a subscription and ends', async () => {
    const { url } = await openDoor()
    const events = subscribe<{ count: number }>(url, 'subscription { count(to: 3) }')
    expect(await events.rest()).toEqual([{ count: 1 }, { count: 2 }, { count: 3 }])
  })

  test('tells its source at once when the client completes it', async () => {
    const { url, parked, left, aborted } = await openDoor()
    const client = await signedIn(url)
    client.send(ask('subscription { parked }'))
    await client.receive()
    await parked.happened
    client.send({ id: '1', type: 'complete' })
    await Promise.all([left.happened, aborted.happened])
    expect(client.socket.readyState).toBe(WebSocket.OPEN)
  })

  test('tells its source at once when the connection breaks', async () => {
    const { url, parked, left, aborted } = await openDoor()
    const events = subscribe(url, 'subscription { parked }')
    await events.next()
    await parked.happened
    events.drop()
    await Promise.all([left.happened, aborted.happened])
  })

  test('learns through its signal that the connection broke', async () => {
    const { url, parked, aborted } = await openDoor()
    const client = await signedIn(url)
    client.send(ask('{ waiting }'))
    await parked.happened
    client.socket.terminate()
    await aborted.happened
  })

  test.each(['{ broken }', '{ illTyped }', 'subscription { breaking }', 'subscription { refused }'])(
    '%s fails without a detail, and the socket stays',
    async (query) => {
      const { url, log } = await openDoor()
      const client = await signedIn(url)
      client.send(ask(query))
      const messages = [await client.receive()]
      while (!JSON.stringify(messages).includes('rror')) messages.push(await client.receive())
      expect(JSON.stringify(messages)).toContain('"message":"Internal server error"')
      expect(JSON.stringify(messages)).toContain('"code":"INTERNAL_SERVER_ERROR"')
      expect(JSON.stringify(messages)).not.toContain(secret)
      expect(log.join()).toContain(secret)

      client.send(ask('{ viewer { name } }', '2'))
      while (messages.at(-1)?.id !== '2') messages.push(await client.receive())
      expect(messages.at(-1)?.type).toBe('next')
    },
  )

  test('that cannot be served now fails alone', async () => {
    const { url } = await openDoor()
    const client = await signedIn(url, { authorization: 'Dev nobody-can-serve' })
    client.send(ask('{ viewer { name } }'))
    const refusal = await client.receive()
    expect(refusal).toMatchObject({ id: '1', type: 'error', payload: [{ extensions: { code: 'UNAVAILABLE' } }] })
    expect(JSON.stringify(refusal)).not.toContain(secret)
    client.send({ type: 'ping' })
    expect(await client.receive()).toEqual({ type: 'pong' })
  })
})

test('a hostile document is an error of its operation, and the socket stays', async () => {
  const { url, resolved } = await openDoor()
  const client = await signedIn(url)
  for (const [what, query] of Object.entries(hostileDocuments)) {
    client.send(ask(query, what))
    const code = expect.stringMatching(/^GRAPHQL_(PARSE|VALIDATION)_FAILED$/)
    const { id, type, payload } = await client.receive()
    expect([id, type]).toEqual([what, 'error'])
    expect((payload as unknown[])[0]).toMatchObject({ extensions: { code } })
  }
  expect(resolved).toEqual([])
  client.send(ask('{ viewer { name } }'))
  expect(await client.receive()).toMatchObject({ type: 'next' })
})

test('a subscription that could be left out is refused with a sentence, and what is left out of a query is not', async () => {
  const { url, resolved } = await openDoor()
  const client = await signedIn(url)
  client.send(ask('subscription { parked @include(if: true) }'))
  const message = expect.stringMatching(/root field of a subscription.*@skip.*@include/)
  const payload = [{ message, extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }]
  expect(await client.receive()).toEqual({ id: '1', type: 'error', payload })
  client.send(ask('{ double(of: 1) @skip(if: true) ... @include(if: true) { viewer { name } } }', '2'))
  expect(await client.receive()).toMatchObject({ id: '2', payload: { data: { viewer: { name: 'dev' } } } })
  expect(resolved).toEqual(['viewer'])
})

test('variables nested too deep are an error of their operation', async () => {
  const { url } = await openDoor()
  const client = await signedIn(url)
  const nested = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
  client.socket.send(`{"id":"1","type":"subscribe","payload":{"query":"{ broken }","variables":{"x":${nested}}}}`)
  expect(await client.receive()).toMatchObject({ type: 'error', payload: [{ extensions: { code: 'BAD_USER_INPUT' } }] })
})

describe('a connection is closed', () => {
  test.each([['Bearer x'], ['Dev '], [''], [7], [{}]])(
    'with 4401 for good when its authorization is %j',
    async (authorization) => {
      const { url } = await openDoor()
      const client = await dial(url)
      client.send({ type: 'connection_init', payload: { authorization } })
      expect(await client.closed).toBe(4401)
    },
  )

  test('with 4401 when the header of its upgrade names nobody', async () => {
    const { url } = await openDoor()
    const client = await dial(url, { headers: { authorization: 'Bearer x' } })
    client.send({ type: 'connection_init' })
    expect(await client.closed).toBe(4401)
  })

  test('with 4401 when it asks before it has signed in', async () => {
    const { url, resolved } = await openDoor()
    const client = await dial(url)
    client.send(ask('{ viewer { name } }'))
    expect(await client.closed).toBe(4401)
    expect(resolved).toEqual([])
  })

  test('with 4400 when a message is not of the protocol', async () => {
    const { url } = await openDoor()
    const client = await signedIn(url)
    client.socket.send('{"type":"sudo"}')
    expect(await client.closed).toBe(4400)
  })
})

/** Watches, and has just stopped reading; the server's beats come when they are told to. */
async function deafClient() {
  vi.useFakeTimers({ toFake: ['setInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  const door = await openDoor()
  const client = await signedIn(door.url)
  client.send(ask('subscription { parked }', 'watched'))
  await door.parked.happened
  client.socket.pause()
  return { ...door, client }
}

describe('every 10 s a client is asked for a sign of life, and', () => {
  test('is kept while it gives one', async () => {
    vi.useFakeTimers({ toFake: ['setInterval'] })
    onTestFinished(() => void vi.useRealTimers())
    const { url } = await openDoor()
    const client = await signedIn(url)
    for (let beat = 1; beat <= 6; beat++) {
      const asked = once(client.socket, 'ping')
      vi.advanceTimersByTime(10_000)
      await asked
      client.send({ type: 'ping' })
      expect(await client.receive()).toEqual({ type: 'pong' })
    }
  })

  test('is cut off when it reads nothing for 30 s, though it sends', async () => {
    const { client, left, resolved } = await deafClient()
    for (let beat = 1; beat <= 4; beat++) {
      client.send(ask('{ double(of: 1) }', String(beat)))
      await expect.poll(() => resolved.filter((field) => field === 'double').length).toBe(beat)
      vi.advanceTimersByTime(10_000)
    }
    await left.happened
  })
})

test('a client that takes no answers is heard no further, and is cut off whatever it says', async () => {
  const { url, client, left, resolved } = await deafClient()
  // Long, or the server may read all of them at once.
  const question = `{ long(of: 1000000) } # ${'x'.repeat(2_000)}`
  for (let id = 1; id <= 200; id++) client.send(ask(question, String(id)))
  await expect.poll(() => resolved).toContain('long')
  for (let beat = 1; beat <= 5; beat++) {
    client.socket.pong()
    // Time for the server to read it, if it reads.
    await fetch(`${url}/livez`)
    vi.advanceTimersByTime(10_000)
  }
  await left.happened
  expect(resolved.length).toBeLessThan(200)
})

test('an operation under the id of one that has not ended is refused', async () => {
  const { url, parked } = await openDoor()
  const client = await signedIn(url)
  client.send(ask('subscription { late }'))
  await parked.happened
  client.send({ id: '1', type: 'complete' })
  client.send(ask('subscription { late }'))
  const payload = [{ message: expect.any(String), extensions: { code: 'BAD_REQUEST' } }]
  expect(await client.receive()).toEqual({ id: '1', type: 'error', payload })
})

describe('an upgrade', () => {
  test.each([
    ['https://evil.example', 403],
    ['null', 403],
    ['https://friend.example', 101],
    ['own', 101],
    [undefined, 101],
  ])('from a page of the origin %s is answered with %i', async (from, status) => {
    const { url } = await openDoor({ allowedOrigins: ['https://friend.example'] })
    const origin = from === 'own' ? url : from
    expect(await upgrade(`${url}/graphql`, origin === undefined ? {} : { origin })).toBe(status)
  })

  test('at another path is answered with 404', async () => {
    const { url } = await openDoor()
    expect(await upgrade(`${url}/other`)).toBe(404)
  })
})

test('a client that offers another subprotocol alone is told so with 4406', async () => {
  const { url } = await openDoor()
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, [])
  const [code] = await once(socket, 'close')
  expect(code).toBe(4406)
})

test('a refused subscription says why', async () => {
  const { url } = await openDoor()
  await expect(subscribe(url, 'subscription { nonsense }').next()).rejects.toBeInstanceOf(RequestError)
})

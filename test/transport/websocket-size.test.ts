import { createClient } from 'graphql-ws'
import { describe, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { openDoor } from '../harness/door.ts'
import { ask, dial, signedIn } from '../harness/websocket-client.ts'

const mebibyte = 1024 * 1024

describe('an operation that is larger than 1 MiB', () => {
  const query = `{ viewer { name } } # "}" ${'x'.repeat(mebibyte)} "{"`
  test.each([
    ['before', { id: 'a "quoted" }, id', type: 'subscribe', payload: { query } }],
    ['between', { type: 'subscribe', id: '1', payload: { query, variables: { id: 2 } } }],
    ['after', { payload: { query, id: 3 }, type: 'subscribe', id: '4' }],
    ['after, without the type,', { type: 'subscribe', payload: { variables: {}, query }, id: '5' }],
  ])('with its id %s the rest is refused alone', async (_, message) => {
    const { url, resolved } = await openDoor()
    const client = await signedIn(url)
    client.send(message)
    const error = { message: expect.stringContaining('1048576 bytes'), extensions: { code: 'REQUEST_TOO_LARGE' } }
    expect(await client.receive()).toEqual({ id: message.id, type: 'error', payload: [error] })
    expect(resolved).toEqual([])
    client.send({ type: 'ping' })
    expect(await client.receive()).toEqual({ type: 'pong' })
  })

  test('leaves the other subscriptions of a graphql-ws client as they are', async () => {
    const { url, parked, left } = await openDoor()
    const client = createClient({
      url: `${url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
    })
    const ended = vi.fn()
    client.subscribe({ query: 'subscription { parked }' }, { next() {}, error: ended, complete: ended })
    await parked.happened
    const large = new Promise((resolve) => {
      client.subscribe({ query }, { next() {}, error: resolve, complete: () => resolve(null) })
    })
    expect(await large).toMatchObject([{ extensions: { code: 'REQUEST_TOO_LARGE' } }])
    const small = client.iterate({ query: '{ viewer { name } }' })
    expect((await small.next()).value).toMatchObject({ data: { viewer: { name: 'dev' } } })
    expect(ended).not.toHaveBeenCalled()
    await client.dispose()
    await left.happened
  })
})

describe('a connection is closed', () => {
  test.each([
    ['is larger than 8 MiB', ask(`{ viewer { name } } # ${'x'.repeat(8 * mebibyte)}`)],
    ['is larger than 1 MiB and of no operation', { type: 'ping', payload: { x: 'x'.repeat(mebibyte) } }],
  ])('with 1009 when a message %s', async (_, message) => {
    const { url, log } = await openDoor()
    const client = await signedIn(url)
    client.send(message)
    expect(await client.closed).toBe(1009)
    expect(log).toEqual([])
  })

  test('with 1009 when a message is larger than 1 MiB before the sign-in', async () => {
    const { url } = await openDoor()
    const client = await dial(url)
    client.send(ask(`{ viewer { name } } # ${'x'.repeat(mebibyte)}`))
    expect(await client.closed).toBe(1009)
  })
})

import { once } from 'node:events'
import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { subscribe } from '../harness/client.ts'
import { claimsOf, createKey, inSeconds, signToken, startKeyServer } from '../harness/issuer.ts'
import { byKeys } from '../harness/token-doors.ts'

async function begin() {
  const key = await createKey('ES256', 'k1')
  const door = await byKeys((await startKeyServer(key)).url, 'trace')
  // Whole seconds: it ends two to three seconds from now.
  const exp = inSeconds(3)
  const until = async (exp: number) => `Bearer ${await signToken(key, claimsOf('a1', { exp }))}`
  return { ...door, authorization: await until(exp), longer: await until(exp + 0.2), endsAt: exp * 1_000 }
}

describe('when a token expires', () => {
  test('a WebSocket is closed, with a code after which clients come back, and its subscriptions are returned', async () => {
    const { url, authorization, endsAt, left, aborted } = await begin()
    const subscription = subscribe<{ parked: number }>(url, 'subscription { parked }', {}, { authorization })
    await subscription.next()
    expect(await subscription.closed).toBe(4403)
    expect(Date.now()).toBeGreaterThanOrEqual(endsAt)
    await Promise.all([left.happened, aborted.happened])
  })

  test('an event stream is cut, without the event that would make it whole', async () => {
    const { url, authorization, endsAt, left } = await begin()
    const sender = { over: 'sse', authorization } as const
    const subscription = subscribe<{ parked: number }>(url, 'subscription { parked }', {}, sender)
    await subscription.next()
    await expect(subscription.next()).rejects.toThrow(/terminated/)
    expect(Date.now()).toBeGreaterThanOrEqual(endsAt)
    await left.happened
  })

  test('neither the close nor the log says whose it was', async () => {
    const { url, authorization, log } = await begin()
    const [code, reason] = await once(await connected(url, authorization), 'close')
    expect([code, String(reason)]).toEqual([4403, 'The sign-in has ended'])
    for (const part of authorization.replace('Bearer ', '').split('.')) expect(log.join()).not.toContain(part)
  })

  test('nothing is done any more for a client that has not agreed to the close yet', async () => {
    const { url, authorization, longer, resolved } = await begin()
    const [slow, other] = [await connected(url, authorization), await connected(url, longer)]
    const closed = once(slow, 'close')
    // It does not read the close, so it may go on talking.
    slow.pause()
    await once(other, 'close')
    slow.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: 'mutation { touch }' } }))
    slow.resume()
    const [code] = await closed
    expect([code, resolved]).toEqual([4403, []])
  })

  test('a client that agrees to nothing is cut off', async () => {
    const { url, authorization } = await begin()
    const socket = await connected(url, authorization)
    const connection = Reflect.get(socket, '_socket') as Socket
    const ended = once(connection, 'end')
    // ws would answer the close.
    connection.removeAllListeners('data').resume()
    await ended
    socket.terminate()
  })
})

async function connected(url: string, authorization: string): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws')
  await once(socket, 'open')
  socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization } }))
  await once(socket, 'message')
  return socket
}

import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { RequestError, subscribe } from '../harness/client.ts'
import { openDoor } from '../harness/door.ts'

/** Opens a stream, of which nothing is read until the test reads it. */
async function openStream(url: string, query: string): Promise<IncomingMessage> {
  const headers = { accept: 'text/event-stream', 'content-type': 'application/json' }
  const asked = request(`${url}/graphql`, { method: 'POST', headers })
  asked.end(JSON.stringify({ query }))
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  answer.on('error', () => {})
  onTestFinished(() => void answer.destroy())
  return answer
}

describe('a subscription over server-sent events', () => {
  test('gives every event and ends', async () => {
    const { url } = await openDoor()
    const events = subscribe<{ count: number }>(url, 'subscription { count(to: 3) }', {}, { over: 'sse' })
    expect(await events.rest()).toEqual([{ count: 1 }, { count: 2 }, { count: 3 }])
  })

  test('tells its source at once when the client leaves', async () => {
    const { url, parked, left, aborted } = await openDoor()
    const events = subscribe(url, 'subscription { parked }', {}, { over: 'sse' })
    await events.next()
    await parked.happened
    events.drop()
    await Promise.all([left.happened, aborted.happened])
  })

  test('tells its source when the client left before the stream began', async () => {
    const { url, parked, left } = await openDoor()
    const events = subscribe(url, 'subscription { late }', {}, { over: 'sse' })
    await parked.happened
    events.drop()
    await left.happened
  })

  test('is kept up by comments while nothing happens', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const { url, parked } = await openDoor()
    const stream = await openStream(url, 'subscription { parked }')
    await parked.happened
    await once(stream, 'data')
    vi.advanceTimersByTime(60_000)
    const [comment] = await once(stream, 'data')
    expect(String(comment)).toMatch(/^(:\n\n)+$/)
  })

  test('is cut off when its client reads nothing for 30 s', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const { url, aborted } = await openDoor()
    let isCut = false
    void aborted.happened.then(() => {
      isCut = true
    })
    await openStream(url, 'subscription { count(to: 20000000) }')
    while (!isCut) {
      vi.advanceTimersByTime(1_000)
      await turn()
    }
  })

  test('ends when the server stops, though its client reads nothing and there is always more to send', async () => {
    const { url, server, aborted } = await openDoor()
    await openStream(url, 'subscription { count(to: 20000000) }')
    await server.close()
    await aborted.happened
  })

  test.each(['breaking', 'refused'])('%s ends with an error that tells no detail', async (field) => {
    const { url } = await openDoor()
    const events = subscribe(url, `subscription { ${field} }`, {}, { over: 'sse' })
    const failure = await events.rest().catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(RequestError)
    expect((failure as RequestError).message).toBe('Internal server error')
  })
})

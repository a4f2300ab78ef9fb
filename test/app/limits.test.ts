import { afterAll, describe, expect, test } from 'vitest'
import { busyConversation } from '../busy-conversation.ts'
import { createPerson, endOf, says } from '../person.ts'
import { startServer } from '../server.ts'
import { chunks, delta, every, silence, startScriptedUpstream } from '../upstream-server.ts'

const upstream = await startScriptedUpstream()
afterAll(() => upstream.close())

const personAt = async (settings: Record<string, string>) =>
  createPerson((await startServer({ OPENAI_BASE_URL: upstream.baseUrl, ...settings })).url, 'alice')

describe('a person may', () => {
  test('ask LIMIT_REQUESTS_PER_MINUTE times a minute, to the request when a hundred race', async () => {
    const alice = await personAt({ LIMIT_REQUESTS_PER_MINUTE: '30' })
    const sent = upstream.requests.length
    const asked = await Promise.allSettled(Array.from({ length: 100 }, (_, index) => alice.ask(`Question ${index}?`)))
    const refused = asked.flatMap((result) => (result.status === 'rejected' ? String(result.reason) : []))
    expect(refused).toHaveLength(70)
    for (const reason of refused) expect(reason).toContain('RateLimited')
    expect(upstream.requests).toHaveLength(sent + 30)
  })

  test('send a key again without paying for it again', async () => {
    const alice = await personAt({ LIMIT_REQUESTS_PER_MINUTE: '2' })
    const input = { messages: [says('What digs?')], idempotencyKey: 'a key' }
    for (let count = 0; count < 5; count++) await alice.ask(input).catch(() => {})
    expect((await alice.ask('And when?')).completion.status).toBe('COMPLETED')
    expect(await alice.ask.refuse('And where?')).toMatchObject({ __typename: 'RateLimited' })
  })

  test('watch LIMIT_STREAMS_PER_USER answers at once, and one more when one has ended', async () => {
    const alice = await personAt({ LIMIT_STREAMS_PER_USER: '5' })
    upstream.reply(...chunks('A mo'), silence())
    const { completion } = await alice.ask({ messages: [says('What digs?')], background: true })
    const viewers = Array.from({ length: 100 }, () => alice.watch(completion.id))
    const first = await Promise.all(viewers.map((viewer) => viewer.next()))
    const refused = first.filter(({ value }) => value?.__typename === 'CompletionRejected')
    expect(refused).toHaveLength(95)
    expect(refused[0]?.value).toMatchObject({ error: { __typename: 'RateLimited' } })
    const watching = viewers.filter((_, index) => first[index]?.value?.__typename !== 'CompletionRejected')
    await watching[0]?.close()
    await expect
      .poll(async () => (await alice.watch(completion.id).next()).value?.__typename)
      .not.toBe('CompletionRejected')
  })

  test('start no more streams than that: the one too many asks nobody and stores nothing', async () => {
    const alice = await personAt({ LIMIT_STREAMS_PER_USER: '1' })
    const busy = await busyConversation(upstream, alice)
    const rejected = await alice.start('a key', 'And when?').rest()
    expect(rejected).toMatchObject([{ completionId: '', cursor: '', error: { __typename: 'RateLimited' } }])
    expect((await alice.conversations()).edges.map(({ node }) => node.id)).toEqual([busy.conversationId])
    expect(upstream.requests).toHaveLength(busy.sent)
    busy.finish()
    await busy.viewer.rest()
    expect(endOf(await alice.start('a key', 'And when?').rest()).status).toBe('COMPLETED')
    expect(upstream.requests).toHaveLength(busy.sent + 1)
  })

  test('stream on after streams that were refused, which count as none', async () => {
    const alice = await personAt({ LIMIT_STREAMS_PER_USER: '1' })
    const { completion } = await alice.ask('What digs?')
    const refused = [
      () => alice.start('a key', { conversationId: 'nonsense', messages: [says('When?')] }),
      () => alice.start('a key', { messages: [] }),
      () => alice.watch('nonsense'),
      () => alice.watch(completion.id, { after: 'nonsense' }),
      () => alice.watch(completion.id, { flushMs: -1 }),
    ]
    for (const stream of refused) {
      const [event] = await stream().rest()
      expect(event).toMatchObject({ error: { __typename: expect.not.stringMatching('RateLimited') } })
    }
    expect(endOf(await alice.watch(completion.id).rest())).toEqual(completion)
  })
})

test('an answer that takes longer than UPSTREAM_TOTAL_MS is INTERRUPTED, with its text, and its socket freed', async () => {
  const alice = await personAt({ UPSTREAM_TOTAL_MS: '700' })
  const sent = upstream.requests.length
  upstream.reply(...chunks('A mo'), every(50, delta({ content: '.' })))
  const end = endOf(await alice.start('a key', 'What digs?').rest())
  expect(end).toMatchObject({ status: 'INTERRUPTED', error: { code: 'TOTAL_TIMEOUT', retryable: true } })
  expect(end.choices[0]?.message.content).toMatch(/^A mo\.+$/)
  await upstream.requests[sent]?.closed
})

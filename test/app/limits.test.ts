import { afterAll, describe, expect, test } from 'vitest'
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

import pg from 'pg'
import { afterAll, describe, expect, inject, test } from 'vitest'
import { busyConversation } from '../../harness/busy-conversation.ts'
import { createPerson, endOf, type Person, says } from '../../harness/person.ts'
import { freshDatabase, startServer } from '../../harness/server.ts'
import { chunks, delta, every, silence, startScriptedUpstream } from '../../harness/upstream.ts'

const upstream = await startScriptedUpstream()
afterAll(() => upstream.close())

const personAt = async (settings: Record<string, string>) =>
  createPerson((await startServer({ OPENAI_BASE_URL: upstream.baseUrl, ...settings })).url, 'alice')

async function requestsLeft(person: Person) {
  type Data = { viewer: { quota: { requestsRemaining: number } } }
  return (await person.request<Data>('{ viewer { quota { requestsRemaining } } }')).viewer.quota.requestsRemaining
}

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

  test('send a key again without paying for it again, by either door, and when all is used up', async () => {
    const alice = await personAt({ LIMIT_REQUESTS_PER_MINUTE: '2' })
    const question = { messages: [says('What digs?')] }
    const first = await alice.ask({ ...question, idempotencyKey: 'a key' })
    const again = () => alice.ask({ ...question, idempotencyKey: 'a key' })
    expect([await again(), await again()]).toEqual(Array(2).fill({ ...first, replayed: true }))
    expect(await requestsLeft(alice)).toBe(1)
    await alice.ask('And when?')
    expect(await again()).toEqual({ ...first, replayed: true })
    expect(endOf(await alice.start('a key', question).rest())).toEqual(first.completion)
    const other = await alice.ask.refuse({ ...question, temperature: 1, idempotencyKey: 'a key' })
    expect(other.__typename).toBe('IdempotencyConflict')
    expect(await alice.ask.refuse('And where?')).toMatchObject({ __typename: 'RateLimited' })
  })

  test.each(['a new conversation', 'one that is there'])(
    'send a key eight times at once, and pays once: in %s',
    async (place) => {
      const alice = await personAt({ LIMIT_REQUESTS_PER_MINUTE: '2' })
      const conversationId = place === 'one that is there' ? (await alice.converse()).id : null
      const input = { conversationId, messages: [says('What digs?')], idempotencyKey: 'a key' }
      const asked = await Promise.all(Array.from({ length: 8 }, () => alice.ask(input)))
      expect(new Set(asked.map(({ completion }) => completion.id)).size).toBe(1)
      expect(asked.filter(({ replayed }) => !replayed)).toHaveLength(1)
      expect(await requestsLeft(alice)).toBe(1)
    },
  )

  // PGlite serves one process: nobody else can lock its tables, and no second server can share it.
  if (inject('database') === 'postgres') {
    test('send a key again while the first is still being written', async () => {
      const database = await freshDatabase()
      const alice = await personAt({ LIMIT_REQUESTS_PER_MINUTE: '1', ...database })
      await requestsLeft(alice)
      const client = new pg.Client(database['DATABASE_URL'])
      await client.connect()
      // Into these, unlike completions, the server writes nothing on its own.
      await client.query('BEGIN; LOCK TABLE conversations IN SHARE MODE')
      const input = { messages: [says('What digs?')], idempotencyKey: 'a key' }
      const first = alice.ask(input)
      const waiting = `SELECT FROM pg_locks WHERE NOT granted AND relation = 'conversations'::regclass
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
      await expect.poll(async () => (await client.query(waiting)).rowCount).toBe(1)
      const again = Promise.all(Array.from({ length: 7 }, () => alice.ask(input)))
      // A refusal needs no lock: it mostly comes before the answer to what is asked later.
      await Promise.race([again, requestsLeft(alice)])
      await client.end()
      const { completion } = await first
      expect((await again).map(({ replayed, completion: { id } }) => [replayed, id])).toEqual(
        Array(7).fill([true, completion.id]),
      )
    })

    test('pay at one replica for a key that comes to two at once', async () => {
      const settings = { LIMIT_REQUESTS_PER_MINUTE: '1', ...(await freshDatabase()) }
      const alices = [await personAt(settings), await personAt(settings)]
      const input = { messages: [says('What digs?')], idempotencyKey: 'a key' }
      const asked = await Promise.all([...alices, ...alices, ...alices].map((alice) => alice.ask(input)))
      expect(new Set(asked.map(({ completion }) => completion.id)).size).toBe(1)
      expect((await Promise.all(alices.map(requestsLeft))).sort()).toEqual([0, 1])
    })
  }

  test('find a conversation busy without paying for it, however many race', async () => {
    const alice = await personAt({ LIMIT_REQUESTS_PER_MINUTE: '2' })
    const { conversationId, finish } = await busyConversation(upstream, alice)
    const input = { conversationId, messages: [says('And when?')] }
    expect(await alice.ask.refuse(input)).toMatchObject({ __typename: 'ConversationBusy' })
    await Promise.all(Array.from({ length: 20 }, () => alice.ask.refuse(input)))
    expect(await requestsLeft(alice)).toBe(1)
    finish()
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
  const alice = await personAt({ UPSTREAM_TOTAL_MS: '3000' })
  const sent = upstream.requests.length
  upstream.reply(...chunks('A mo'), every(50, delta({ content: '.' })))
  const end = endOf(await alice.start('a key', 'What digs?').rest())
  expect(end).toMatchObject({ status: 'INTERRUPTED', error: { code: 'TOTAL_TIMEOUT', retryable: true } })
  expect(end.choices[0]?.message.content).toMatch(/^A mo\.+$/)
  await upstream.requests[sent]?.closed
})

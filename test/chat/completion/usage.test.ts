import { afterAll, describe, expect, test } from 'vitest'
import { type PastCompletion, storePastCompletions } from '../../harness/past-completions.ts'
import { createPerson, type Person, says } from '../../harness/person.ts'
import { freshDatabase, startServer } from '../../harness/server.ts'
import { chunks, done, finish, startScriptedUpstream, usage } from '../../harness/upstream.ts'

const upstream = await startScriptedUpstream()
afterAll(() => upstream.close())

const document = `query ($from: DateTime, $to: DateTime, $by: [UsageDimension!], $id: ID, $zone: String) {
  usage(from: $from, to: $to, groupBy: $by, conversationId: $id, timeZone: $zone) {
    day model user { name } conversation { id } completions
    usage { promptTokens completionTokens totalTokens cachedTokens reasoningTokens costMicros source }
  }
}`

interface Bucket {
  day: string | null
  model: string | null
  user: { name: string } | null
  conversation: { id: string } | null
  completions: number
  usage: { promptTokens: number; totalTokens: number; costMicros: number | null; source: string }
}

interface Asked {
  from?: string
  to?: string
  by?: ('DAY' | 'MODEL' | 'USER' | 'CONVERSATION')[]
  id?: string
  zone?: string
}

async function usageOf(person: Person, asked: Asked = {}): Promise<Bucket[]> {
  return (await person.request<{ usage: Bucket[] }>(document, asked)).usage
}

async function promptTokensBy(person: Person, name: 'day' | 'model', asked: Asked) {
  return (await usageOf(person, asked)).map((bucket) => [bucket[name], bucket.usage.promptTokens])
}

/** Two people at a server, after what was asked on other days. */
async function peopleAfter(past: (alice: string, bob: string, shared: string) => PastCompletion[]) {
  const settings = { OPENAI_BASE_URL: upstream.baseUrl, ...(await freshDatabase()) }
  const before = await startServer(settings)
  const [alice, bob] = [createPerson(before.url, 'alice'), createPerson(before.url, 'bob')]
  const shared = (await alice.converse({ title: 'Moles' })).id
  await alice.add(shared, await bob.id(), 'EDITOR')
  const completions = past(await alice.id(), await bob.id(), shared)
  await before.close()
  await storePastCompletions(settings, completions)
  const { url } = await startServer(settings)
  return { url, alice: createPerson(url, 'alice'), bob: createPerson(url, 'bob'), shared }
}

describe('usage', () => {
  test('is that of every completion which has ended, as soon as it has', async () => {
    const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl })
    const alice = createPerson(url, 'alice')
    expect(await usageOf(alice)).toEqual([])
    upstream.reply(...chunks('A mole.'), finish('stop'), usage(9, 2), done())
    await alice.ask({ model: 'gpt-4o', messages: [says('What digs?')] })
    const counts = { promptTokens: 9, completionTokens: 2, totalTokens: 11, cachedTokens: 0, reasoningTokens: 0 }
    const nothing = { day: null, model: null, user: null, conversation: null }
    const first = { ...nothing, completions: 1, usage: { ...counts, costMicros: null, source: 'PROVIDER' } }
    expect(await usageOf(alice)).toEqual([first])
    upstream.reply(...chunks('A mole.'), finish('stop'), done())
    await alice.ask({ model: 'gpt-5', messages: [says('What digs?')], store: false })
    const anHourAgo = new Date(Date.now() - 3_600_000).toISOString()
    const byModel = await usageOf(alice, { by: ['MODEL'], from: anHourAgo })
    expect(byModel.map(({ model, completions, usage: { source } }) => [model, completions, source])).toEqual([
      ['gpt-4o', 1, 'PROVIDER'],
      ['gpt-5', 1, 'ESTIMATED'],
    ])
    expect(await usageOf(alice)).toMatchObject([{ completions: 2, usage: { source: 'ESTIMATED' } }])
  })

  test('is split into days of a time zone, of which one has 23 hours and one 25', async () => {
    const at = (time: string, promptTokens: number) => ({ at: time, promptTokens })
    const { alice } = await peopleAfter((requester) =>
      [
        at('2025-03-29T22:59:59.999Z', 1),
        at('2025-03-29T23:00:00.000Z', 2),
        at('2025-03-30T21:59:59.999Z', 4),
        at('2025-03-30T22:00:00.000Z', 8),
        at('2025-10-25T22:00:00.000Z', 16),
        at('2025-10-26T22:59:59.999Z', 32),
        at('2025-10-26T23:00:00.000Z', 64),
      ].map((one) => ({ requester, ...one })),
    )
    const days = (zone?: string) => promptTokensBy(alice, 'day', { by: ['DAY'], zone })
    expect(await days('Europe/Berlin')).toEqual([
      ['2025-03-28T23:00:00.000Z', 1],
      ['2025-03-29T23:00:00.000Z', 6],
      ['2025-03-30T22:00:00.000Z', 8],
      ['2025-10-25T22:00:00.000Z', 48],
      ['2025-10-26T23:00:00.000Z', 64],
    ])
    expect(await days()).toEqual([
      ['2025-03-29T00:00:00.000Z', 3],
      ['2025-03-30T00:00:00.000Z', 12],
      ['2025-10-25T00:00:00.000Z', 16],
      ['2025-10-26T00:00:00.000Z', 96],
    ])
    // Half and quarter hours are between UTC and these.
    expect(await days('Asia/Kolkata')).toHaveLength(4)
    expect((await days('Asia/Kathmandu'))[0]).toEqual(['2025-03-29T18:15:00.000Z', 3])
  })

  test('is told to the millisecond of the range, however it lies to the quarters of an hour', async () => {
    const { alice } = await peopleAfter((requester) =>
      ['10:07:00.000', '10:07:00.001', '10:15:00.000', '10:29:59.999', '10:30:00.000', '10:31:00.000'].map(
        (time, index) => ({ requester, at: `2025-05-05T${time}Z`, promptTokens: 2 ** index }),
      ),
    )
    const between = async (from: string, to: string) => {
      const range = { from: `2025-05-05T${from}Z`, to: `2025-05-05T${to}Z` }
      const both = await Promise.all([usageOf(alice, range), usageOf(alice, { ...range, by: ['CONVERSATION'] })])
      const [own, byConversation] = both.map((buckets) => buckets.map((bucket) => bucket.usage.promptTokens))
      expect(byConversation).toEqual(own)
      return own?.[0] ?? 0
    }
    expect(await between('10:00:00', '11:00:00')).toBe(63)
    expect(await between('10:07:00.001', '10:31:00.000')).toBe(30)
    expect(await between('10:07:00.000', '10:07:00.001')).toBe(1)
    expect(await between('10:15:00.000', '10:30:00.000')).toBe(12)
    expect(await between('10:10:00.000', '10:14:00.000')).toBe(0)
    expect(await between('10:14:00.000', '10:16:00.000')).toBe(4)
    expect(await between('10:29:00.000', '10:30:30.000')).toBe(24)
  })

  test('is split by any dimensions together, the most tokens first in each day', async () => {
    const { alice, bob, shared } = await peopleAfter((alices, bobs, conversation) => [
      { requester: alices, at: '2025-01-01T10:00:00Z', model: 'small', promptTokens: 1 },
      { requester: alices, at: '2025-01-01T11:00:00Z', model: 'large', promptTokens: 2, conversation, costMicros: 7 },
      { requester: alices, at: '2025-01-02T10:00:00Z', model: 'large', promptTokens: 4, conversation, costMicros: 5 },
      { requester: bobs, at: '2025-01-02T10:00:00Z', model: 'large', promptTokens: 8, conversation },
      { requester: bobs, at: '2025-01-02T10:00:00Z', model: 'small', promptTokens: 16, source: 'ESTIMATED' },
    ])
    const [one, two] = ['2025-01-01T00:00:00.000Z', '2025-01-02T00:00:00.000Z']
    const brief = ({ day, model, user, conversation, ...rest }: Bucket) =>
      [day, model, user?.name, conversation?.id, rest.usage.promptTokens, rest.usage.costMicros].filter(
        (field) => field,
      )
    const of = async (person: Person, asked: Asked) => (await usageOf(person, asked)).map(brief)

    expect(await of(alice, { by: ['MODEL'] })).toEqual([
      ['large', 6, 12],
      ['small', 1],
    ])
    expect(await of(alice, { by: ['DAY', 'MODEL', 'DAY'] })).toEqual([
      [one, 'large', 2, 7],
      [one, 'small', 1],
      [two, 'large', 4, 5],
    ])
    expect(await of(alice, { by: ['CONVERSATION'] })).toEqual([[shared, 6, 12], [1]])
    expect(await of(alice, { by: ['CONVERSATION', 'USER', 'MODEL', 'DAY'], to: two })).toEqual([
      [one, 'large', 'alice', shared, 2, 7],
      [one, 'small', 'alice', 1],
    ])
    expect(await of(alice, { id: shared, by: ['USER'] })).toEqual([
      ['bob', 8],
      ['alice', 6, 12],
    ])
    expect(await of(bob, { id: shared, by: ['USER', 'DAY'] })).toEqual([
      [one, 'alice', 2, 7],
      [two, 'bob', 8],
      [two, 'alice', 4, 5],
    ])
    expect(await of(bob, { by: ['USER'] })).toEqual([['bob', 24]])
  })

  test('of others is not seen, and what was asked where one takes part no more is a bill without a name', async () => {
    const { url, alice, bob, shared } = await peopleAfter((alices, bobs, conversation) => [
      { requester: alices, at: '2025-01-01T10:00:00Z', promptTokens: 1, conversation },
      { requester: bobs, at: '2025-01-01T10:00:00Z', promptTokens: 2, conversation },
    ])
    const mallory = createPerson(url, 'mallory')
    expect(await usageOf(mallory)).toEqual([])
    expect(await usageOf(mallory, { id: shared })).toEqual([])
    await alice.expel(shared, await bob.id())
    expect(await usageOf(bob, { id: shared })).toEqual([])
    expect(await usageOf(bob, { by: ['CONVERSATION'] })).toMatchObject([
      { conversation: null, completions: 1, usage: { promptTokens: 2 } },
    ])
    expect(await usageOf(alice, { id: shared })).toMatchObject([{ completions: 2, usage: { promptTokens: 3 } }])
    await alice.remove(shared)
    expect(await usageOf(alice, { id: shared })).toEqual([])
    expect(await usageOf(alice, { by: ['CONVERSATION'] })).toMatchObject([
      { conversation: null, completions: 1, usage: { promptTokens: 1 } },
    ])
  })

  test('of more than 1000 buckets is refused, and so is what makes no sense', async () => {
    const day = (count: number) => new Date(Date.UTC(2020, 0, count)).toISOString()
    const { alice } = await peopleAfter((requester) =>
      Array.from({ length: 1_001 }, (_, index) => ({ requester, at: day(1 + index) })),
    )
    expect(await usageOf(alice, { by: ['DAY'], from: day(2) })).toHaveLength(1_000)
    const refused: [Asked, string][] = [
      [{ by: ['DAY'] }, 'groupBy: gives more than 1000 buckets'],
      [{ from: day(2), to: day(2) }, 'to: takes a time after `from`'],
      ...['+02:00', 'Europe/Atlantis', '', "UTC'", 'A'.repeat(100)].map((zone): [Asked, string] => [
        { zone },
        'timeZone: takes the name of a time zone',
      ]),
    ]
    for (const [asked, message] of refused) {
      await expect(usageOf(alice, asked), JSON.stringify(asked)).rejects.toThrow(message)
    }
  })
})

import pg from 'pg'
import { afterAll, describe, expect, inject, test } from 'vitest'
import { apiKeyNode, by, idOf, keysOf, make, revoke, revokeApiKey, viewerBy } from '../../harness/api-keys.ts'
import { execute, subscribe } from '../../harness/client.ts'
import { completionStream } from '../../harness/completion-documents.ts'
import { contentsIn, createPerson, endOf, type Person, readTo, says } from '../../harness/person.ts'
import { freshDatabase, type Server, startServer } from '../../harness/server.ts'
import { chunks, done, finish, gate, startScriptedUpstream } from '../../harness/upstream.ts'
import { within } from '../../harness/within.ts'

const upstream = await startScriptedUpstream()
const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl })
afterAll(() => upstream.close())

let people = 0

/** Somebody new, so that tests do not count each other's keys. */
function somebody(server = url): Person {
  people += 1
  return createPerson(server, `person ${people}`.replace(' ', '-'))
}

describe('an API key', () => {
  test('signs in as the user who made it, who alone sees it, and not its secret', async () => {
    const alice = somebody()
    const { secret, apiKey } = await make(alice, { name: ' a robot ' })
    expect(secret).toMatch(/^ak_[0-9a-f]{16}_[\w-]{43}$/)
    expect(apiKey).toMatchObject({ name: 'a robot', lastUsedAt: null, expiresAt: null, revokedAt: null })
    expect(secret.startsWith(`${apiKey.prefix}_`)).toBe(true)
    expect(await viewerBy(url, by(secret))).toEqual([200, await idOf(alice)])

    const robot = createPerson(url, by(secret))
    const { completion } = await robot.ask('What digs?')
    expect(await alice.completion(completion.id)).toMatchObject({ status: 'COMPLETED' })
    expect(JSON.stringify(await keysOf(alice))).not.toContain(secret.slice(apiKey.prefix.length))
  })

  test.each(['websocket', 'sse'] as const)('signs in over %s', async (over) => {
    const { secret } = await make(somebody())
    const input = { start: { idempotencyKey: 'a key', completion: { messages: [says('x')] } } }
    const events = subscribe<object>(url, completionStream, { input }, { over, ...by(secret) })
    expect(JSON.stringify(await events.rest())).toContain('CompletionEnded')
  })

  test('signs in where tokens do, too', async () => {
    const database = await freshDatabase()
    const dev = await startServer(database)
    const { secret } = await make(createPerson(dev.url, 'alice'))
    const id = await idOf(createPerson(dev.url, 'alice'))
    await dev.close()
    const server = await startServer({ ...database, AUTH_JWT_SECRET: 'a secret of at least thirty-two bytes' })
    expect(await viewerBy(server.url, by(secret))).toEqual([200, id])
    expect(await viewerBy(server.url, { as: 'alice' })).toEqual([401, 'UNAUTHENTICATED'])
    expect(await viewerBy(server.url, {})).toEqual([401, 'UNAUTHENTICATED'])
  })

  test('that is not quite it is refused like one of nobody', async () => {
    const { secret, apiKey } = await make(somebody())
    const last = secret.endsWith('A') ? 'B' : 'A'
    const wrong = [
      secret.slice(0, -1) + last,
      secret.slice(0, -1),
      `${secret}A`,
      `${apiKey.prefix}_${'A'.repeat(43)}`,
      secret.toUpperCase(),
      secret.replace('ak_', 'AK_'),
      apiKey.prefix,
      `ak_${'0'.repeat(16)}_${secret.slice(-43)}`,
    ]
    const bodies = await Promise.all(
      [...wrong, 'nonsense'].map(async (text) => JSON.stringify(await execute(url, '{ __typename }', {}, by(text)))),
    )
    expect(new Set(bodies).size).toBe(1)
    expect(bodies[0]).toContain('UNAUTHENTICATED')
    expect(await viewerBy(url, by(secret))).toContain(200)
  })

  test('says when it was last used, to the minute', async () => {
    const alice = somebody()
    const { secret } = await make(alice)
    const since = Date.now() - 1_000
    await Promise.all(Array.from({ length: 20 }, () => viewerBy(url, by(secret))))
    const lastUsedAt = async () => (await keysOf(alice))[0]?.lastUsedAt ?? ''
    await expect.poll(lastUsedAt).not.toBe('')
    const used = await lastUsedAt()
    expect(Date.parse(used)).toBeGreaterThan(since)
    await viewerBy(url, by(secret))
    expect(await keysOf(alice)).toMatchObject([{ lastUsedAt: used }])
  })

  test('that has expired signs nobody in, and what is open by it is closed', async () => {
    const alice = somebody()
    await alice.ask('Who digs?')
    const { secret } = await make(alice, { expiresAt: new Date(Date.now() + 5_000).toISOString() })
    upstream.reply(...chunks('A mo'), gate().wait)
    const viewer = createPerson(url, by(secret)).start('a key', 'What digs?')
    await readTo('A mo', viewer)
    expect(await viewer.closed).toBe(4403)
    await expect.poll(() => viewerBy(url, by(secret))).toEqual([401, 'UNAUTHENTICATED'])
    expect(await keysOf(alice)).toMatchObject([{ revokedAt: null }])
  })
})

describe('a revoked key', () => {
  test('signs nobody in, for good, and stays in the list', async () => {
    const alice = somebody()
    const [{ secret, apiKey }, other] = [await make(alice), await make(alice, { name: 'another' })]
    expect(await viewerBy(url, by(secret))).toContain(200)
    const revoked = await revoke(alice, apiKey.id)
    expect(revoked.revokedAt).not.toBeNull()
    expect(await viewerBy(url, by(secret))).toEqual([401, 'UNAUTHENTICATED'])
    expect(await viewerBy(url, by(other.secret))).toContain(200)
    expect(await revoke(alice, apiKey.id)).toEqual(revoked)
    expect((await keysOf(alice)).map(({ name }) => name)).toEqual(['another', 'a robot'])
    expect(await alice.request(apiKeyNode, { id: apiKey.id })).toEqual({ node: revoked })
  })

  test.each(['websocket', 'sse'] as const)(
    'sends away at once who watches by it over %s; the answer goes on, and nobody else notices',
    async (over) => {
      const alice = somebody()
      const { secret, apiKey } = await make(alice)
      const other = await make(alice)
      const hold = gate()
      upstream.reply(...chunks('A mo'), hold.wait, ...chunks('le.'), finish('stop'), done())
      const viewer = createPerson(url, by(secret)).start('a key', 'What digs?', { over })
      const seen = await readTo('A mo', viewer)
      const stays = createPerson(url, by(other.secret)).watch(seen[0]?.completionId ?? '', { over })
      const watched = await readTo('A mo', stays)
      await revoke(alice, apiKey.id)
      await expect(within(1_000, viewer.rest())).rejects.toThrow(over === 'sse' ? /terminated/ : /4403/)

      hold.open()
      watched.push(...(await stays.rest()))
      expect(contentsIn(watched)).toEqual(['A mole.'])
      const rest = alice.watch(seen[0]?.completionId ?? '', { over, after: seen.at(-1)?.cursor ?? '' })
      seen.push(...(await rest.rest()))
      expect(contentsIn(seen)).toEqual(['A mole.'])
      expect(endOf(seen)).toMatchObject({ status: 'COMPLETED' })
    },
  )

  // The embedded database is one process's alone: neither another replica nor the test can be at it.
  if (inject('database') === 'postgres') {
    test('sends away who watches by it on another replica', async () => {
      const settings = { ...(await freshDatabase()), OPENAI_BASE_URL: upstream.baseUrl }
      const [here, there] = (await Promise.all([startServer(settings), startServer(settings)])) as [Server, Server]
      const alice = createPerson(here.url, 'alice')
      const { secret, apiKey } = await make(alice)
      const hold = gate()
      upstream.reply(...chunks('A mo'), hold.wait, ...chunks('le.'), finish('stop'), done())
      const viewers = (['websocket', 'sse'] as const).map((over) =>
        createPerson(there.url, by(secret)).start('a key', 'What digs?', { over }),
      )
      await Promise.all(viewers.map((viewer) => readTo('A mo', viewer)))
      await revoke(alice, apiKey.id)
      const left = viewers.map((viewer) => expect(viewer.rest()).rejects.toThrow(/4403|terminated/))
      await within(5_000, Promise.all([...left, refusedBy(there, secret)]))
      hold.open()
      const rest = alice.start('a key', 'What digs?')
      expect(endOf(await rest.rest())).toMatchObject({ choices: [{ message: { content: 'A mole.' } }] })
    })

    test('is noticed where no word of it comes', async () => {
      const settings = await freshDatabase()
      const server = await startServer({ ...settings, OPENAI_BASE_URL: upstream.baseUrl })
      const { secret, apiKey } = await make(createPerson(server.url, 'alice'))
      upstream.reply(...chunks('A mo'), gate().wait)
      const viewer = createPerson(server.url, by(secret)).start('a key', 'What digs?')
      await readTo('A mo', viewer)
      const database = new pg.Client(settings['DATABASE_URL'])
      await database.connect()
      await database.query('UPDATE api_keys SET revoked_at = now() WHERE prefix = $1', [apiKey.prefix])
      await database.end()
      await within(5_000, Promise.all([expect(viewer.closed).resolves.toBe(4403), refusedBy(server, secret)]))
    })
  }
})

async function refusedBy(server: Server, secret: string): Promise<void> {
  await expect.poll(() => viewerBy(server.url, by(secret))).toEqual([401, 'UNAUTHENTICATED'])
}

describe("another's key", () => {
  test('does not exist: the same bytes as for an id of nothing', async () => {
    const [alice, bob] = [somebody(), somebody()]
    const { apiKey, secret } = await make(alice)
    const nothing = Buffer.from(`ApiKey:${crypto.randomUUID()}`).toString('base64url')
    for (const document of [apiKeyNode, revokeApiKey]) {
      const [its, nobodys] = await Promise.all(
        [apiKey.id, nothing].map(async (id) => bob.request(document, { id }).catch((error: unknown) => error)),
      )
      expect(its).toEqual(nobodys)
    }
    expect(await revoke.refuse(bob, apiKey.id)).toMatchObject({ __typename: 'NotFound' })
    expect(await viewerBy(url, by(secret))).toContain(200)
  })

  test('is not in the list that the other one sees of their user', async () => {
    const [alice, bob] = [somebody(), somebody()]
    await Promise.all([make(alice), make(bob)])
    const { id } = await alice.converse()
    await alice.add(id, await idOf(bob), 'VIEWER')
    const document = `query ($id: ID!) { conversation(id: $id) { participants { edges { node { user { id apiKeys { id } } } } } } }`
    const seen = JSON.stringify(await bob.request(document, { id }))
    const [own] = await keysOf(bob)
    const [hers] = await keysOf(alice)
    expect([seen.includes(own?.id ?? '?'), seen.includes(hers?.id ?? '?')]).toEqual([true, false])
    expect(seen).toContain('"apiKeys":[]')
  })
})

describe('what is wrong is refused, and nothing is made', () => {
  test.each<[object, string]>([
    [{ name: '' }, 'input.name: takes 1 to 100 characters'],
    [{ name: ' \t' }, 'input.name: takes 1 to 100 characters'],
    [{ name: 'x'.repeat(101) }, 'input.name: takes 1 to 100 characters'],
    [{ expiresAt: '2020-01-01T00:00:00.000Z' }, 'input.expiresAt: must be in the future'],
  ])('%j', async (input, message) => {
    const alice = somebody()
    const path = message.replace(/:.*/, '')
    expect(await make.refuse(alice, input)).toEqual({ __typename: 'InvalidInput', path, message })
    expect(await keysOf(alice)).toEqual([])
  })

  test('the hundred and first, however many come at once; revoked ones do not count', async () => {
    const alice = somebody()
    const { apiKey } = await make(alice)
    for (let count = 1; count < 90; count++) await make(alice)
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => make(alice)))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(10)
    expect(await keysOf(alice)).toHaveLength(100)
    await expect(make(alice)).rejects.toThrow(/100 keys/)
    await revoke(alice, apiKey.id)
    await make(alice)
    expect(await keysOf(alice)).toHaveLength(101)
  })

  test('a name that the database cannot keep is kept as it can', async () => {
    const { apiKey } = await make(somebody(), { name: 'a\0b' })
    expect(apiKey.name).toBe('a\ufffdb')
  })
})

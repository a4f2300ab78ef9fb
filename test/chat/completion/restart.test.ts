import pg from 'pg'
import { afterAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import { readSettings } from '../../../src/config.ts'
import { openDatabase } from '../../../src/database/database.ts'
import { contentsIn, createPerson, endOf, readTo, says, threadOf } from '../../harness/person.ts'
import { type Environment, freshDatabase, spawnServer, startServer } from '../../harness/server.ts'
import { chunks, done, finish, gate, json, startScriptedUpstream, usage } from '../../harness/upstream.ts'

const upstream = await startScriptedUpstream()
afterAll(() => upstream.close())

/** A process with an answer that stands at `A mo`, and alice as its viewer. */
async function serverWithAnswer(settings: Environment, over: 'websocket' | 'sse' = 'websocket') {
  const database = await freshDatabase()
  const server = await spawnServer({ OPENAI_BASE_URL: upstream.baseUrl, ...database, ...settings })
  const alice = createPerson(server.url, 'alice')
  const hold = gate()
  upstream.reply(...chunks('A mo'), hold.wait, ...chunks('le.'), finish('stop'), done())
  const viewer = alice.start('a key', 'What digs?', { over })
  const seen = await readTo('A mo', viewer)
  return { server, database, alice, viewer, seen, id: seen[0]?.completionId ?? '', finish: hold.open }
}

/** Alice at the next server on the database. */
async function aliceAfter(database: Environment, settings: Environment = {}) {
  const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl, ...database, ...settings })
  return createPerson(url, 'alice')
}

/** Resolves when the server says that it is shutting down. */
async function drains(url: string) {
  await expect.poll(() => fetch(`${url}/readyz`).then(({ status }) => status)).toBe(503)
}

describe('after a stop and a start', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('by %s all that was stored is there, to the byte', async (signal) => {
    const database = await freshDatabase()
    const server = await spawnServer({ OPENAI_BASE_URL: upstream.baseUrl, ...database })
    const before = createPerson(server.url, 'alice')
    const { completion, conversation } = await before.ask('What digs?')
    const id = conversation?.id ?? ''
    await expect.poll(async () => (await before.conversation(id))?.title).toBe('What digs?')
    await before.write(id, 'Thanks.')
    const page = await before.messages(id)
    const known = await before.conversation(id)
    expect(await server.kill(signal)).toEqual({ code: 0, signal: null })

    const after = await aliceAfter(database)
    expect(await after.completion(completion.id)).toEqual(completion)
    expect(await after.conversation(id)).toEqual(known)
    expect(await after.messages(id)).toEqual(page)
    expect(await after.ask({ conversationId: id, messages: [says('And?')] })).toMatchObject({ replayed: false })
  })

  test('a key still finds its answer, and a cursor its place', async () => {
    const { server, database, id, seen, viewer, finish: goOn } = await serverWithAnswer({})
    goOn()
    await viewer.rest()
    await server.kill('SIGTERM')

    const sent = upstream.requests.length
    const alice = await aliceAfter(database)
    expect(contentsIn(await alice.watch(id, { after: seen.at(-1)?.cursor }).rest())).toEqual(['le.'])
    expect(endOf(await alice.start('a key', 'What digs?').rest())).toMatchObject({ id, status: 'COMPLETED' })
    expect(upstream.requests).toHaveLength(sent)
  })
})

describe('a SIGTERM while an answer is written', () => {
  test.each(['websocket', 'sse'] as const)(
    'lets it finish within DRAIN_MS for viewers by %s, takes nothing new, and exits with 0',
    async (over) => {
      const { server, viewer, seen, database, id, finish: goOn } = await serverWithAnswer({ DRAIN_MS: '30000' }, over)
      const exit = server.kill('SIGTERM')
      await drains(server.url)
      await expect(createPerson(server.url, 'bob').ask('Me too?')).rejects.toThrow('shutting down')
      goOn()
      const rest = await viewer.rest()
      expect(contentsIn([...seen, ...rest])).toEqual(['A mole.'])
      expect(endOf(rest).status).toBe('COMPLETED')
      expect(await exit).toEqual({ code: 0, signal: null })
      const alice = await aliceAfter(database)
      expect((await alice.completion(id))?.choices[0]?.message).toMatchObject({
        content: 'A mole.',
        status: 'COMPLETE',
      })
    },
  )

  test.each(['websocket', 'sse'] as const)(
    'ends it as INTERRUPTED with SERVER_DRAINED after DRAIN_MS, the text kept and viewers by %s told',
    async (over) => {
      const { server, viewer, database, id } = await serverWithAnswer({ DRAIN_MS: '0' }, over)
      const request = upstream.requests.at(-1)
      const exit = server.kill('SIGTERM')
      const drained = {
        status: 'INTERRUPTED',
        error: { code: 'SERVER_DRAINED', retryable: true },
        choices: [{ finishReason: null, message: { content: 'A mo', status: 'PARTIAL' } }],
      }
      expect(endOf(await viewer.rest())).toMatchObject(drained)
      expect(await exit).toEqual({ code: 0, signal: null })
      await request?.closed

      const alice = await aliceAfter(database)
      expect(await alice.completion(id)).toMatchObject(drained)
    },
  )

  test('ends it as INTERRUPTED with SERVER_DRAINED, also where its tokens cannot be counted in time', async () => {
    // Runs in each thread. That of the tokens never begins.
    const program = `
      import { isMainThread } from 'node:worker_threads'
      if (!isMainThread && process.argv[1].includes('token-thread')) await new Promise(() => setInterval(() => {}, 60_000))`
    const stuck = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(program)}` }
    const { server, viewer } = await serverWithAnswer({ DRAIN_MS: '0', ...stuck })
    const exit = server.kill('SIGTERM')
    expect(endOf(await viewer.rest())).toMatchObject({
      error: { code: 'SERVER_DRAINED' },
      usage: { source: 'ESTIMATED' },
    })
    expect(await exit).toEqual({ code: 0, signal: null })
  })

  test('sends its viewers away, who go on at the next server without a gap', async () => {
    const { server, viewer, seen, database, id } = await serverWithAnswer({ DRAIN_MS: '0' })
    await server.kill('SIGTERM')
    // Whether the end was still told depends on who was faster.
    await viewer.until((event) => seen.push(event) === 0).catch(() => {})

    const alice = await aliceAfter(database)
    const rest = await alice.watch(id, { after: seen.at(-1)?.cursor }).rest()
    expect(contentsIn([...seen, ...rest])).toEqual(['A mo'])
    expect(endOf(rest).error?.['code']).toBe('SERVER_DRAINED')
  })

  test('and another signal exits at once, and the answer is ended by the next start', async () => {
    const { server, database, id } = await serverWithAnswer({ DRAIN_MS: '60000', LEASE_MS: '3000' })
    void server.kill('SIGTERM')
    await drains(server.url)
    expect(await server.kill('SIGTERM')).toEqual({ code: 1, signal: null })
    const alice = await aliceAfter(database, { LEASE_MS: '3000' })
    expect(endOf(await alice.watch(id).rest())).toMatchObject({ status: 'INTERRUPTED', error: { code: 'SERVER_LOST' } })
  })
})

describe('a SIGTERM while a question waits for the list of models', () => {
  /** Asked without a model, of an upstream that tells its models when it is let. */
  async function serverBeingAsked(settings: Environment) {
    const models = await startScriptedUpstream()
    onTestFinished(() => models.close())
    const list = gate()
    models.replyModels(list.wait, json({ object: 'list', data: [{ id: 'test-model', object: 'model' }] }))
    const database = await freshDatabase()
    const server = await spawnServer({ OPENAI_BASE_URL: models.baseUrl, ...database, ...settings })
    const alice = createPerson(server.url, 'alice')
    const { id } = await alice.converse()
    const asked = alice.ask({ conversationId: id, messages: [says('What digs?')], background: true })
    asked.catch(() => {})
    await list.reached
    return { models, server, database, alice, id, asked, list }
  }

  test('refuses it, also while other answers are let finish', async () => {
    const { models, server, alice, asked, list } = await serverBeingAsked({ DRAIN_MS: '30000' })
    const hold = gate()
    models.reply(...chunks('A mo'), hold.wait, ...chunks('le.'), finish('stop'), done())
    await alice.ask({ model: 'test-model', messages: [says('Who digs?')], background: true })
    await hold.reached
    const exit = server.kill('SIGTERM')
    await drains(server.url)
    list.open()
    await expect(asked).rejects.toMatchObject({ errors: [{ extensions: { code: 'UNAVAILABLE' } }] })
    hold.open()
    expect(await exit).toEqual({ code: 0, signal: null })
    expect(models.requests).toHaveLength(1)
  })

  test('leaves nothing of it, also where the list comes when the lease is given back', async () => {
    const { models, server, database, id, asked, list } = await serverBeingAsked({})
    const exit = server.kill('SIGTERM')
    // The doors close after that.
    await expect.poll(() => fetch(`${server.url}/livez`).catch(() => null)).toBe(null)
    list.open()
    await expect(asked).rejects.toThrow()
    expect(await exit).toEqual({ code: 0, signal: null })

    const alice = await aliceAfter(database)
    expect((await alice.conversation(id))?.activeCompletions).toEqual([])
    expect(await threadOf(alice, id)).toEqual([])
    expect(models.requests).toEqual([])
  })
})

describe('after a SIGKILL while an answer is written', () => {
  test('the next start ends it as INTERRUPTED with SERVER_LOST, with all that a viewer had seen', async () => {
    const { server, viewer, database, id, seen } = await serverWithAnswer({ LEASE_MS: '3000' })
    const sent = upstream.requests.length
    expect(await server.kill('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' })
    await expect(viewer.rest()).rejects.toThrow()

    const alice = await aliceAfter(database, { LEASE_MS: '3000' })
    const end = endOf(await alice.watch(id).rest())
    expect(end).toMatchObject({
      status: 'INTERRUPTED',
      error: { code: 'SERVER_LOST', retryable: true },
      usage: { source: 'ESTIMATED' },
      choices: [{ finishReason: null, message: { content: 'A mo', status: 'PARTIAL' } }],
    })
    const { conversation } = end
    expect(await threadOf(alice, conversation?.id ?? '')).toEqual(['What digs?', 'A mo'])
    expect((await alice.conversation(conversation?.id ?? ''))?.activeCompletions).toEqual([])
    const rest = await alice.watch(id, { after: seen.at(-1)?.cursor }).rest()
    expect(contentsIn([...seen, ...rest])).toEqual(['A mo'])

    const again = await alice.start('a key', 'What digs?').rest()
    expect(endOf(again)).toEqual(end)
    expect(upstream.requests).toHaveLength(sent)
    await alice.ask({ conversationId: conversation?.id, messages: [says('Go on.')] })
  })
})

test('an answer of a server that nobody knows of any longer is ended, and what waits behind it goes on', async () => {
  const { server, database, id, alice: before } = await serverWithAnswer({ LEASE_MS: '3000' })
  const conversationId = (await before.completion(id))?.conversation?.id ?? ''
  const next = { conversationId, messages: [says('Which?')], ifBusy: 'QUEUE', background: true }
  const waiting = (await before.ask(next)).completion.id
  await server.kill('SIGKILL')
  const { query, close } = await openDatabase(readSettings(database))
  await query('DELETE FROM replicas')
  await close()

  const alice = await aliceAfter(database)
  const ends = await Promise.all([id, waiting].map((each) => alice.watch(each).rest()))
  expect(ends.map((events) => endOf(events).status)).toEqual(['INTERRUPTED', 'COMPLETED'])
  expect(await threadOf(alice, conversationId)).toEqual(['What digs?', 'A mo', 'Which?', 'Hello world'])
})

if (inject('database') === 'postgres') {
  test('a server that was fenced while it slept stores no end of its own, however soon it comes', async () => {
    const database = await freshDatabase()
    const alice = await aliceAfter(database, { LEASE_MS: '2000' })
    const hold = gate()
    upstream.reply(...chunks('A mo'), hold.wait, ...chunks('le.'), finish('stop'), usage(9, 2), done())
    const { completion } = await alice.ask({ messages: [says('What digs?')], background: true })
    const seen = await readTo('A mo', alice.watch(completion.id))
    // Its renewals wait for this, as if it slept, until its lease has run out.
    const fencing = new pg.Client(database['DATABASE_URL'])
    const looking = new pg.Client(database['DATABASE_URL'])
    await Promise.all([fencing.connect(), looking.connect()])
    await fencing.query('BEGIN')
    await fencing.query('UPDATE replicas SET fenced_at = now()')
    const expired = () => looking.query('SELECT 1 FROM replicas WHERE lease_until < now()')
    await expect.poll(async () => (await expired()).rowCount).toBe(1)
    await fencing.query('COMMIT')
    await Promise.all([fencing.end(), looking.end()])
    hold.open()
    const rest = await alice.watch(completion.id, { after: seen.at(-1)?.cursor }).rest()
    expect(contentsIn([...seen, ...rest])).toEqual(['A mo'])
    expect(endOf(rest)).toMatchObject({ status: 'INTERRUPTED', error: { code: 'SERVER_LOST' } })
  })
}

if (inject('database') === 'pglite') {
  test('a second process on one DATA_DIR is refused with a sentence that names the first', async () => {
    const database = await freshDatabase()
    const first = await spawnServer({ OPENAI_BASE_URL: upstream.baseUrl, ...database })
    const sentence = new RegExp(`exited with 1: antiphon: .* in use by process ${first.pid} .* DATA_DIR\n$`)
    await expect(spawnServer({ OPENAI_BASE_URL: upstream.baseUrl, ...database })).rejects.toThrow(sentence)
    expect(await createPerson(first.url, 'alice').conversations()).toMatchObject({ edges: [] })
  })
}

import { randomUUID } from 'node:crypto'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import { readSettings } from '../../src/config.ts'
import { openDatabase } from '../../src/database/database.ts'
import { migrate } from '../../src/database/migrate.ts'
import { emptyPostgres } from '../harness/empty-database.ts'
import { createPerson, type Person, readTo } from '../harness/person.ts'
import { startProxy } from '../harness/proxy.ts'
import { spawnServer, startServer } from '../harness/server.ts'
import { chunks, silence, startScriptedUpstream } from '../harness/upstream.ts'

const upstream = await startScriptedUpstream()
afterAll(() => upstream.close())

/** Reaches its Postgres and its Redis by way of what can fall silent. */
async function startServerBehindProxies() {
  const { databaseUrl } = await emptyPostgres()
  const postgres = await startProxy(databaseUrl)
  const redis = await startProxy(inject('redisUrl') ?? '')
  const urls = { DATABASE_URL: postgres.url, REDIS_URL: redis.url, OPENAI_BASE_URL: upstream.baseUrl }
  const server = await spawnServer({ ...urls, LEASE_MS: '2000' })
  return { server, proxies: [postgres, redis] }
}

async function answering(alice: Person) {
  upstream.reply(...chunks('A mo'), silence())
  await readTo('A mo', alice.start('a key', 'What digs?'))
}

/** Leaves connections to the database of which nothing is asked. */
async function answered(alice: Person) {
  await Promise.all(Array.from({ length: 20 }, () => alice.ask('What digs?')))
}

test('an upstream that says nothing when it is asked for its models is left out of their list', async () => {
  const silent = await startScriptedUpstream()
  onTestFinished(() => silent.close())
  silent.replyModels(silence())
  const file = join(await mkdtemp(join(inject('folder'), 'upstreams-')), 'upstreams.json')
  const list = [silent, upstream].map(({ baseUrl }, index) => ({ name: `number ${index}`, baseUrl }))
  await writeFile(file, JSON.stringify(list))
  const alice = createPerson((await startServer({ UPSTREAMS_FILE: file })).url, 'alice')
  const models = [{ id: 'test-model', upstream: 'number 1' }]
  expect(await alice.request('{ models { id upstream } }')).toEqual({ models })
})

if (inject('postgres') !== null && inject('redisUrl') !== null) {
  describe('a SIGTERM while neither Postgres nor Redis says a word', () => {
    test.each([
      ['an answer is written', answering],
      ['nothing is done', answered],
    ])('and %s ends the server with 0, and soon', async (_, prepare) => {
      const { server, proxies } = await startServerBehindProxies()
      await prepare(createPerson(server.url, 'alice'))
      for (const proxy of proxies) proxy.freeze()
      const askedMs = performance.now()
      expect(await server.kill('SIGTERM')).toEqual({ code: 0, signal: null })
      // What an orchestrator usually gives, less the ten seconds of DRAIN_MS, which is 0 here.
      expect(performance.now() - askedMs).toBeLessThan(20_000)
      for (const proxy of proxies) await proxy.close()
    })
  })
}

if (inject('postgres') !== null) {
  async function open(settings: Parameters<typeof openDatabase>[0]) {
    const database = await openDatabase(settings)
    onTestFinished(() => database.close())
    return database
  }

  // It takes as long as a statement may take, twice.
  test('a Postgres that was silent within a transaction takes what is written after that for itself', async () => {
    const settings = await emptyPostgres()
    const direct = await open(settings)
    await migrate(direct)
    const proxy = await startProxy(settings.databaseUrl)
    onTestFinished(() => proxy.close())
    const { prisma } = await open(readSettings({ DATABASE_URL: proxy.url }))
    const add = (subject: string, by: Pick<typeof prisma, 'user'>) =>
      by.user.create({ data: { id: randomUUID(), subject } })
    const silenced = prisma.$transaction(
      async (tx) => {
        await add('alice', tx)
        proxy.freeze()
        await add('bob', tx)
      },
      { timeout: 60_000 },
    )
    await expect(silenced).rejects.toMatchObject({ name: 'StoreError', code: 'UNAVAILABLE' })
    proxy.mend()
    await add('carol', prisma)
    expect(await direct.query('SELECT subject FROM users')).toEqual([{ subject: 'carol' }])
  })
}

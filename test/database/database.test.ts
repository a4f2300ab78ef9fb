import { randomUUID } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { afterEach, describe, expect, inject, test } from 'vitest'
import { readSettings } from '../../src/config.ts'
import { type Database, openDatabase } from '../../src/database/database.ts'
import { migrate } from '../../src/database/migrate.ts'
import { readMigrations } from '../../src/database/migration-files.ts'
import { applyMigrations } from '../../src/database/schema-engine.ts'
import { emptyFolder, emptyPostgres } from '../harness/empty-database.ts'
import { freePort } from '../harness/free-port.ts'
import { within } from '../harness/within.ts'

const hasPostgres = inject('postgres') !== null
const kinds = hasPostgres ? (['pglite', 'postgres'] as const) : (['pglite'] as const)
// The last in line waits for all the others.
const patient = { maxWait: 30_000, timeout: 30_000 }
const unavailable = expect.objectContaining({ name: 'StoreError', code: 'UNAVAILABLE' })

const opened: Database[] = []

afterEach(async () => {
  await Promise.all(opened.splice(0).map((database) => database.close()))
})

async function open(settings: Parameters<typeof openDatabase>[0]) {
  const database = await openDatabase(settings)
  opened.push(database)
  return database
}

describe.each(kinds)('a database on %s', (kind) => {
  const empty = kind === 'pglite' ? emptyFolder : emptyPostgres

  async function migrated() {
    const database = await open(await empty())
    await migrate(database)
    return database
  }

  test('is migrated once, and keeps what it is given', async () => {
    const settings = await empty()
    const names = (await readMigrations()).map(({ name }) => name)
    const first = await openDatabase(settings)
    await migrate(first)
    expect(await first.query('SELECT migration_name AS name FROM _prisma_migrations ORDER BY 1')).toEqual(
      names.map((name) => ({ name })),
    )
    await first.prisma.user.create({ data: { id: randomUUID(), subject: 'alice' } })
    await first.close()

    const second = await open(settings)
    expect(await migrate(second)).toEqual({ applied: [] })
    expect(await second.query('SELECT subject FROM users')).toEqual([{ subject: 'alice' }])
  })

  test('with a tree of messages from before its depths and jumps gets those that are given today', async () => {
    const database = await open(await empty())
    const migrations = await readMigrations()
    const before = migrations.slice(
      0,
      migrations.findIndex(({ name }) => name.endsWith('_tree')),
    )
    await database.exclusively((adapter) => applyMigrations(adapter, before))
    const parentOf = (number: number) => (number % 11 === 0 ? number >> 1 : number - 1)
    const parents = Array.from({ length: 200 }, (_, number) => (number === 0 ? null : parentOf(number)))
    async function grow() {
      const conversationId = randomUUID()
      const ids = parents.map(() => randomUUID())
      const parentIds = parents.map((parent) => (parent === null ? null : ids[parent]))
      await database.query('INSERT INTO conversations (id) VALUES ($1)', [conversationId])
      await database.query(
        `INSERT INTO messages (id, conversation_id, parent_id, role, status)
         SELECT id, $1, parent_id, 'USER', 'COMPLETE' FROM unnest($2::uuid[], $3::uuid[]) AS m(id, parent_id)`,
        [conversationId, ids, parentIds],
      )
      return ids
    }
    const old = await grow()
    await migrate(database)
    const fresh = await grow()
    async function placesOf(ids: string[]) {
      const text =
        'SELECT depth, jump_id AS "jumpId", jump_depth AS "jumpDepth" FROM messages WHERE id = ANY($1) ORDER BY array_position($1, id)'
      type Place = { depth: number; jumpId: string; jumpDepth: number }
      const rows = (await database.query(text, [ids])) as Place[]
      return rows.map(({ jumpId, ...depths }) => ({ ...depths, jump: ids.indexOf(jumpId) }))
    }
    const places = await placesOf(fresh)
    expect(await placesOf(old)).toEqual(places)
    const depths: number[] = []
    for (const parent of parents) depths.push(parent === null ? 0 : (depths[parent] ?? 0) + 1)
    expect(places.map(({ depth }) => depth)).toEqual(depths)
    expect(places.map(({ jumpDepth }) => jumpDepth)).toEqual(places.map(({ jump }) => depths[jump]))
  })

  test('of a newer version is refused by the name of what is unknown', async () => {
    const database = await migrated()
    await database.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at) VALUES ('1', '', '2999_later', now())`,
    )
    await expect(migrate(database)).rejects.toMatchObject({
      code: 'NEWER_DATABASE',
      message: expect.stringContaining('2999_later'),
    })
  })

  test('with a migration that failed, or was edited since, says which and what to do', async () => {
    const database = await migrated()
    await database.query(`UPDATE _prisma_migrations SET checksum = 'another'`)
    await expect(migrate(database)).rejects.toMatchObject({
      code: 'MIGRATION',
      message: expect.stringMatching(/edited/),
    })
    await database.query('UPDATE _prisma_migrations SET finished_at = NULL')
    await expect(migrate(database)).rejects.toMatchObject({
      code: 'MIGRATION',
      message: expect.stringMatching(/--retry/),
    })
  })

  test('a transaction has the isolation that it asks for, and only that one', async () => {
    const { prisma, query } = await migrated()
    const inside = await prisma.$transaction((tx) => tx.$queryRaw`SHOW transaction_isolation`, {
      isolationLevel: 'Serializable',
    })
    expect(inside).toEqual([{ transaction_isolation: 'serializable' }])
    expect(await query('SHOW transaction_isolation')).toEqual([{ transaction_isolation: 'read committed' }])
  })

  test('a transaction that throws leaves nothing, and hands on what was thrown', async () => {
    const { prisma, query } = await migrated()
    const reason = new Error('changed my mind')
    const transaction = prisma.$transaction(async (tx) => {
      await tx.user.create({ data: { id: randomUUID(), subject: 'alice' } })
      throw reason
    })
    await expect(transaction).rejects.toBe(reason)
    expect(await query('SELECT * FROM users')).toEqual([])
  })

  test('thirty transactions at once all come to their end', async () => {
    const { prisma } = await migrated()
    const add = (_: unknown, index: number) =>
      prisma.$transaction(async (tx) => {
        await tx.user.create({ data: { id: randomUUID(), subject: `user ${index}` } })
        return tx.user.count()
      }, patient)
    await Promise.all(Array.from({ length: 30 }, add))
    expect(await prisma.user.count()).toBe(30)
  })

  test('a time is the same by either way, whatever zone the server is in', async () => {
    const { prisma, query } = await migrated()
    const createdAt = new Date('2026-07-01T22:34:56.789Z')
    await prisma.user.create({ data: { id: randomUUID(), subject: 'alice', createdAt } })
    expect(await prisma.user.findFirst()).toMatchObject({ createdAt })
    expect(await query('SELECT created_at AS "createdAt" FROM users')).toEqual([{ createdAt }])
  })

  test('whole numbers are numbers up to where they are exact, and JSON is what it says', async () => {
    const { query } = await open(await empty())
    expect(await query('SELECT count(*) AS few, 9007199254740993 AS many, $1::jsonb AS json', ['{"a":[1]}'])).toEqual([
      { few: 1, many: 9_007_199_254_740_993n, json: { a: [1] } },
    ])
  })

  test('after close it is unavailable', async () => {
    const database = await openDatabase(await empty())
    await migrate(database)
    await database.close()
    await expect(database.check()).rejects.toEqual(unavailable)
    await expect(database.query('SELECT 1')).rejects.toEqual(unavailable)
    await expect(database.prisma.user.count()).rejects.toEqual(unavailable)
    await expect(database.prisma.$transaction((tx) => tx.user.count())).rejects.toEqual(unavailable)
  })
})

describe.skipIf(!hasPostgres)('a Postgres', () => {
  test('at which several replicas start is migrated by one of them', async () => {
    const settings = await emptyPostgres()
    const replicas = await Promise.all(Array.from({ length: 4 }, () => open(settings)))
    const outcomes = await Promise.all(replicas.map(migrate))
    const names = (await readMigrations()).map(({ name }) => name)
    expect(outcomes.flatMap(({ applied }) => applied)).toEqual(names)
  })

  test('at which another replica is migrating is waited for, and what is unfinished is not taken for failed', async () => {
    const settings = await emptyPostgres()
    const [faster, slower] = [await open(settings), await open(settings)]
    await migrate(faster)
    const waiting = await faster.exclusively(async () => {
      await faster.query('UPDATE _prisma_migrations SET finished_at = NULL')
      const migration = migrate(slower)
      const locks = `SELECT 1 FROM pg_locks JOIN pg_database d ON d.oid = database
                      WHERE d.datname = current_database() AND locktype = 'advisory' AND NOT granted`
      await expect.poll(async () => (await faster.query(locks)).length).toBe(1)
      await faster.query('UPDATE _prisma_migrations SET finished_at = now()')
      return { migration }
    })
    expect(await waiting.migration).toEqual({ applied: [] })
  })

  test('that is lost during a migration is unavailable, and harms nobody', async () => {
    const settings = await emptyPostgres()
    const [migrating, other] = [await open(settings), await open(settings)]
    const others = 'FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()'
    await migrating.exclusively(async () => {
      await other.query(`SELECT pg_terminate_backend(pid) ${others}`)
      await expect.poll(() => other.query(`SELECT 1 ${others}`)).toEqual([])
    })
    const names = (await readMigrations()).map(({ name }) => name)
    expect(await migrate(migrating)).toEqual({ applied: names })
  })

  test('that ends its connections is unavailable for what was under way, and serves what comes next', async () => {
    const settings = await emptyPostgres()
    const [idle, busy, other] = [await open(settings), await open(settings), await open(settings)]
    await idle.check()
    const underWay = [
      busy.query('SELECT pg_sleep(60)'),
      busy.prisma.$queryRaw`SELECT pg_sleep(60)::text`,
      busy.prisma.$transaction((tx) => tx.$queryRaw`SELECT pg_sleep(60)::text`),
    ].map((work) => expect(work).rejects.toEqual(unavailable))
    const others = 'FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()'

    await expect.poll(() => other.query(`SELECT 1 ${others} AND query LIKE '%pg_sleep%'`)).toHaveLength(3)
    await other.query(`SELECT pg_terminate_backend(pid) ${others}`)
    await Promise.all(underWay)
    expect(await busy.query('SELECT 1 AS one')).toEqual([{ one: 1 }])
    await expect.poll(() => idle.query('SELECT 1 AS one').catch(() => [])).toEqual([{ one: 1 }])
  })

  test('that is slow but answers is asked on, however long those before have waited', async () => {
    const database = await open(await emptyPostgres())
    const asked = Array.from({ length: 48 }, () => database.query('SELECT pg_sleep(0.3)'))
    await Promise.all(asked.slice(0, 36))
    expect(await database.query('SELECT 1 AS one')).toEqual([{ one: 1 }])
    await Promise.all(asked)
  })

  test('two writers of one row: the slower one hears of a conflict', async () => {
    const database = await open(await emptyPostgres())
    await migrate(database)
    const { prisma } = database
    await prisma.user.create({ data: { id: randomUUID(), subject: 'alice' } })
    const [first, second] = [new EventEmitter(), new EventEmitter()]
    const bothHaveRead = Promise.all([once(first, 'read'), once(second, 'read')])
    const rename = (reader: EventEmitter) =>
      prisma.$transaction(
        async (tx) => {
          await tx.user.count()
          reader.emit('read')
          await bothHaveRead
          await tx.user.updateMany({ data: { name: randomUUID() } })
        },
        { isolationLevel: 'RepeatableRead' },
      )
    const outcomes = await Promise.allSettled([rename(first), rename(second)])
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
    expect(refused.map((outcome) => outcome.reason)).toEqual([expect.objectContaining({ code: 'CONFLICT' })])
  })
})

describe('an unreachable Postgres', () => {
  test.each(['refuses', 'is silent'])(
    'that %s opens all the same and says within two seconds that it is unavailable',
    async (how) => {
      const silent = createServer().listen(0, '127.0.0.1')
      await once(silent, 'listening')
      const port = how === 'refuses' ? await freePort() : (silent.address() as AddressInfo).port
      const database = await open(readSettings({ DATABASE_URL: `postgres://someone@127.0.0.1:${port}/nothing` }))
      const asked = Promise.all([
        expect(database.check()).rejects.toEqual(unavailable),
        expect(database.query('SELECT 1')).rejects.toEqual(unavailable),
        expect(database.prisma.user.count()).rejects.toEqual(unavailable),
        expect(database.prisma.$transaction((tx) => tx.user.count())).rejects.toEqual(unavailable),
        expect(migrate(database)).rejects.toEqual(unavailable),
      ])
      await within(2_000, asked)
      silent.close()
    },
  )
})

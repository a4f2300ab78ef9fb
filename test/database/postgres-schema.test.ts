import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, expect, inject, onTestFinished, test } from 'vitest'
import { emptyPostgres } from '../harness/empty-database.ts'
import { createPerson, threadOf } from '../harness/person.ts'
import { startServer } from '../harness/server.ts'
import { startScriptedUpstream } from '../harness/upstream.ts'

const upstream = await startScriptedUpstream()
afterAll(() => upstream.close())

const ours = ['users', 'conversations', 'messages', '_prisma_migrations']

async function emptyDatabase() {
  const { databaseUrl } = await emptyPostgres()
  const owner = new pg.Client(databaseUrl)
  await owner.connect()
  onTestFinished(() => owner.end())
  /** The schemas in which there is a table of this name. */
  async function schemasOf(table: string): Promise<string[]> {
    const text = 'SELECT relnamespace::regnamespace::text AS schema FROM pg_class WHERE relname = $1 ORDER BY 1'
    return (await owner.query(text, [table])).rows.map(({ schema }) => schema)
  }
  return { databaseUrl, owner, schemasOf }
}

/** A role that owns a schema of its own name, in which nothing is yet. */
async function roleWithSchema({ databaseUrl, owner }: Awaited<ReturnType<typeof emptyDatabase>>) {
  const url = new URL(databaseUrl)
  const role = `role ${randomUUID()}`
  url.username = role
  await owner.query(`CREATE ROLE "${role}" LOGIN`)
  onTestFinished(async () => {
    await owner.query(`DROP OWNED BY "${role}" CASCADE`)
    await owner.query(`DROP ROLE "${role}"`)
  })
  await owner.query(`CREATE SCHEMA "${role}" AUTHORIZATION "${role}"`)
  return { url, role }
}

/** Asks a question, and reads the conversation in a server that starts later. */
async function expectWhole(url: string) {
  const first = await startServer({ DATABASE_URL: url, OPENAI_BASE_URL: upstream.baseUrl })
  const alice = createPerson(first.url, 'alice')
  const { id } = await alice.converse()
  await alice.ask({ conversationId: id, messages: [{ role: 'USER', content: 'What digs?' }] })
  await first.close()
  const second = await startServer({ DATABASE_URL: url, OPENAI_BASE_URL: upstream.baseUrl })
  expect((await threadOf(createPerson(second.url, 'alice'), id))[0]).toBe('What digs?')
  await second.close()
}

const hasPostgres = inject('postgres') !== null

test.runIf(hasPostgres)('a role that has a schema of its own has all tables in it', async () => {
  const database = await emptyDatabase()
  const { url, role } = await roleWithSchema(database)
  await expectWhole(url.href)
  for (const table of ours) expect(await database.schemasOf(table)).toEqual([`"${role}"`])
})

test.runIf(hasPostgres)('a search_path in the URL leads to one schema', async () => {
  const database = await emptyDatabase()
  await database.owner.query('CREATE SCHEMA elsewhere')
  await expectWhole(`${database.databaseUrl}?options=-c%20search_path%3Delsewhere`)
  for (const table of ours) expect(await database.schemasOf(table)).toEqual(['elsewhere'])
})

test.runIf(hasPostgres)('?schema= is made and used, whatever other applications have in public', async () => {
  const database = await emptyDatabase()
  await database.owner.query('CREATE TABLE users (id int); CREATE TABLE _prisma_migrations (id int)')
  await expectWhole(`${database.databaseUrl}?schema=A%20b`)
  expect(await database.schemasOf('messages')).toEqual(['"A b"'])
  expect(await database.schemasOf('users')).toEqual(['"A b"', 'public'])
})

test.runIf(hasPostgres)(
  'tables that are in public already are used by a role that gets a schema of its own',
  async () => {
    const database = await emptyDatabase()
    const { url, role } = await roleWithSchema(database)
    await database.owner.query(`DROP SCHEMA "${role}"`)
    await database.owner.query(`GRANT ALL ON SCHEMA public TO "${role}"`)
    const server = await startServer({ DATABASE_URL: url.href })
    const conversation = await createPerson(server.url, 'alice').converse({ title: 'Moles' })
    await server.close()
    await database.owner.query(
      `CREATE SCHEMA "${role}" AUTHORIZATION "${role}"; CREATE TABLE "${role}".messages (id int)`,
    )
    const next = await startServer({ DATABASE_URL: url.href })
    expect(await createPerson(next.url, 'alice').conversation(conversation.id)).toMatchObject({ title: 'Moles' })
    await next.close()
  },
)

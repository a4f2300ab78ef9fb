import { execFile } from 'node:child_process'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { expect, inject, onTestFinished, test } from 'vitest'
import { emptyPostgres } from '../harness/empty-database.ts'
import { createPerson } from '../harness/person.ts'
import { startPostgres } from '../harness/postgres.ts'
import { findProgram } from '../harness/program.ts'
import { spawnServer, startServer } from '../harness/server.ts'

/** A database, and a role that may do no more with it than is granted. */
async function restrictedUrl(
  grants: (database: string, role: string) => string[],
  databaseUrl?: string,
): Promise<string> {
  const url = new URL(databaseUrl ?? (await emptyPostgres()).databaseUrl)
  const [database, role] = [url.pathname.slice(1), `${url.pathname.slice(1)}_role`]
  const owner = new pg.Client(url.href)
  await owner.connect()
  for (const sql of [`CREATE ROLE "${role}" LOGIN`, ...grants(database, role)]) await owner.query(sql)
  onTestFinished(async () => {
    await owner.query(`DROP OWNED BY "${role}"`)
    await owner.query(`DROP ROLE "${role}"`)
    await owner.end()
  })
  url.username = role
  return url.href
}

const migrationsTable = `CREATE TABLE _prisma_migrations
  (migration_name text, checksum text, started_at timestamp, finished_at timestamp, rolled_back_at timestamp)`

test.runIf(inject('postgres') !== null).each([
  ['may not connect', (database: string) => [`REVOKE CONNECT ON DATABASE "${database}" FROM public`]],
  ['may not read the migrations', () => [migrationsTable]],
])('a role that %s stops the start with one line that names DATABASE_URL', async (_, grants) => {
  await expect(spawnServer({ DATABASE_URL: await restrictedUrl(grants) })).rejects.toThrow(
    /exited with 1: antiphon: DATABASE_URL: [^\n]*permission denied[^\n]*\n$/,
  )
})

// Each takes seconds of CPU time.
const severalStartsMs = 120_000

const mayReadAndWrite = (_database: string, role: string) => [
  `ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "${role}"`,
  `ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES TO "${role}"`,
]

/** By the command line. */
function runMigrate(DATABASE_URL: string) {
  const env = { PATH: process.env['PATH'], DATABASE_URL }
  const root = join(import.meta.dirname, '../..')
  return promisify(execFile)(process.execPath, ['--import', 'tsx', 'prisma/migrate.ts'], { cwd: root, env })
}

test.runIf(inject('postgres') !== null)(
  'a role that may only read and write serves what its owner has migrated, and leaves what is missing to the owner',
  async () => {
    const { databaseUrl } = await emptyPostgres()
    const url = await restrictedUrl(mayReadAndWrite, databaseUrl)
    await expect(spawnServer({ DATABASE_URL: url })).rejects.toThrow(
      /exited with 1: antiphon: DATABASE_URL: \d+ migrations are missing from \w+_init on, [^\n]*npm run migrate[^\n]*\n$/,
    )
    await runMigrate(databaseUrl)
    const server = await startServer({ DATABASE_URL: url })
    const { completion } = await createPerson(server.url, 'alice').ask('What digs?')
    expect(completion.status).toBe('COMPLETED')
    await server.close()

    const owner = new pg.Client(databaseUrl)
    await owner.connect()
    onTestFinished(() => owner.end())
    await owner.query(
      'DELETE FROM _prisma_migrations WHERE migration_name = (SELECT max(migration_name) FROM _prisma_migrations)',
    )
    const { rows } = await owner.query('SELECT * FROM _prisma_migrations')
    await expect(startServer({ DATABASE_URL: url })).rejects.toThrow(
      /^DATABASE_URL: 1 migration is missing from .*npm run migrate/,
    )
    expect((await owner.query('SELECT * FROM _prisma_migrations')).rows).toEqual(rows)
  },
  severalStartsMs,
)

test.runIf(inject('postgres') !== null).each(['LATIN1', 'SQL_ASCII'])(
  'a database in %s stops the start with one line',
  async (encoding) => {
    const { databaseUrl } = await emptyPostgres()
    const url = new URL(databaseUrl)
    url.pathname += '_other'
    const owner = new pg.Client(databaseUrl)
    await owner.connect()
    onTestFinished(() => owner.end())
    await owner.query(
      `CREATE DATABASE "${url.pathname.slice(1)}" TEMPLATE template0 ENCODING '${encoding}' LC_COLLATE 'C' LC_CTYPE 'C'`,
    )
    await expect(spawnServer({ DATABASE_URL: url.href })).rejects.toThrow(
      new RegExp(`exited with 1: antiphon: DATABASE_URL: [^\\n]*${encoding}[^\\n]*UTF8[^\\n]*\\n$`),
    )
  },
)

// A Postgres of its own takes the programs; the end of the run names them where they are missing.
test.skipIf(findProgram('initdb') === null)(
  'a Postgres is reached by a Unix socket, and the start says where',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'antiphon-socket-'))
    // Whoever Postgres runs as makes the socket.
    await chmod(folder, 0o777)
    const postgres = await startPostgres({ unix_socket_directories: folder, fsync: 'off' })
    if (postgres === null) throw new Error('There is no Postgres')
    onTestFinished(async () => {
      await postgres.stop()
      await rm(folder, { recursive: true })
    })
    const { port } = new URL(postgres.url)
    const server = await spawnServer({ DATABASE_URL: `postgres://postgres@/postgres?host=${folder}&port=${port}` })
    expect(server.output()).toContain(`Postgres at ${folder}/postgres (DATABASE_URL)`)
    expect(await createPerson(server.url, 'alice').request('{ viewer { name } }')).toMatchObject({
      viewer: { name: 'alice' },
    })
    await server.kill('SIGTERM')
  },
)

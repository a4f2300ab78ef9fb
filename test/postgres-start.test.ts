import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { expect, inject, onTestFinished, test } from 'vitest'
import { emptyPostgres } from './empty-database.ts'
import { createPerson } from './person.ts'
import { startPostgres } from './postgres.ts'
import { findProgram } from './program.ts'
import { spawnServer } from './server.ts'

/** A database, and a role that may do no more with it than is granted. */
async function restrictedUrl(grants: (database: string, role: string) => string[]): Promise<string> {
  const url = new URL((await emptyPostgres()).databaseUrl ?? '')
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

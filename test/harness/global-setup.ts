import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { readSettings } from '../../src/config.ts'
import { openDatabase } from '../../src/database/database.ts'
import { migrate } from '../../src/database/migrate.ts'
import { hasTemplate } from '../../src/database/template.ts'
import { startPostgres } from './postgres.ts'
import { startRedis } from './redis.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The database in which the servers of this project store their data. */
    database: 'pglite' | 'postgres'
    /** The URL of an administrator, and the name of the migrated database to copy. */
    postgres: { url: string; template: string } | null
    redisUrl: string | null
    /** A folder that is removed at the end of the run. */
    folder: string
  }
}

const run = promisify(execFile)

interface Service {
  url: string
  stop(): Promise<void>
}

/** Starts, once per run, the services that the tests of all projects share. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await build()
  const [postgres, redis] = await Promise.all([
    // This data need not survive a crash of the machine, and with fsync each commit would wait for a slow disk.
    existing('DATABASE_URL') ?? startPostgres({ fsync: 'off' }),
    existing('REDIS_URL') ?? startRedis(),
  ])
  const template = `antiphon_test_${randomBytes(4).toString('hex')}`
  if (postgres) await createTemplate(postgres.url, template)

  const folder = await mkdtemp(join(tmpdir(), 'antiphon-test-'))
  project.provide('folder', folder)
  project.provide('postgres', postgres && { url: postgres.url, template })
  project.provide('redisUrl', redis?.url ?? null)

  return async () => {
    if (postgres) await dropDatabases(postgres.url, template)
    await Promise.all([postgres?.stop(), redis?.stop()])
    await rm(folder, { recursive: true })
  }
}

// Builds what servers in separate processes need. The database template is named after its contents, so an existing one is up
// to date.
async function build(): Promise<void> {
  await run('npm', ['run', 'bundle'])
  if (!(await hasTemplate())) await run('npm', ['run', 'template'])
}

function existing(setting: 'DATABASE_URL' | 'REDIS_URL'): Service | null {
  const url = process.env[setting]
  return url ? { url, stop: async () => {} } : null
}

async function createTemplate(url: string, template: string): Promise<void> {
  await administer(url, (client) => client.query(`CREATE DATABASE ${template}`))
  const databaseUrl = new URL(url)
  databaseUrl.pathname = template
  const database = await openDatabase(readSettings({ DATABASE_URL: databaseUrl.href }))
  await migrate(database)
  await database.close()
}

async function dropDatabases(url: string, prefix: string): Promise<void> {
  await administer(url, async (client) => {
    const { rows } = await client.query('SELECT datname FROM pg_database WHERE starts_with(datname, $1)', [prefix])
    for (const { datname } of rows) await client.query(`DROP DATABASE "${datname}" WITH (FORCE)`)
  })
}

async function administer(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}

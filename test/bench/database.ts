import { randomBytes } from 'node:crypto'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { startPostgres } from '../harness/postgres.ts'

export type Settings = Record<string, string>

export interface Database {
  name: 'embedded' | 'Postgres'
  /** Settings that point to a new, empty one. */
  fresh(): Promise<Settings>
  close(): Promise<void>
}

/** The embedded one, and Postgres where DATABASE_URL names one or its programs are there to start one. */
export async function findDatabases(folder: string): Promise<Database[]> {
  const given = process.env['DATABASE_URL']
  const server = given ? { url: given, stop: async () => {} } : await startPostgres()
  return [embedded(folder), ...(server ? [postgres(server)] : [])]
}

function embedded(folder: string): Database {
  return {
    name: 'embedded',
    fresh: async () => ({ DATA_DIR: await mkdtemp(join(folder, 'data-')) }),
    close: async () => {},
  }
}

function postgres({ url, stop }: { url: string; stop(): Promise<void> }): Database {
  const names: string[] = []
  return {
    name: 'Postgres',
    async fresh() {
      const name = `antiphon_bench_${randomBytes(6).toString('hex')}`
      await administer(url, [`CREATE DATABASE ${name}`])
      names.push(name)
      const fresh = new URL(url)
      fresh.pathname = name
      return { DATABASE_URL: fresh.href }
    },
    async close() {
      await administer(
        url,
        names.map((name) => `DROP DATABASE ${name} WITH (FORCE)`),
      )
      await stop()
    },
  }
}

async function administer(url: string, statements: string[]): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}

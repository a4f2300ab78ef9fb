import { randomUUID } from 'node:crypto'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { inject } from 'vitest'
import { readSettings } from '../../src/config.ts'
import type { openDatabase } from '../../src/database/database.ts'

type DatabaseSettings = Parameters<typeof openDatabase>[0]

export async function emptyFolder(): Promise<DatabaseSettings> {
  return { postgres: null, dataDir: await mkdtemp(join(inject('folder'), 'data-')) }
}

export async function emptyPostgres(): Promise<DatabaseSettings & { databaseUrl: string }> {
  const postgres = inject('postgres')
  if (!postgres) throw new Error('There is no Postgres')
  // At its end, the test run drops all databases whose names begin with the name of its template.
  const name = `${postgres.template}_${randomUUID()}`
  const client = new pg.Client(postgres.url)
  await client.connect()
  await client.query(`CREATE DATABASE "${name}"`)
  await client.end()
  const url = new URL(postgres.url)
  url.pathname = name
  return { databaseUrl: url.href, ...readSettings({ DATABASE_URL: url.href }) }
}

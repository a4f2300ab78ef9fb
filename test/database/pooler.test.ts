import pg from 'pg'
import { afterAll, expect, inject, onTestFinished, test } from 'vitest'
import { emptyPostgres } from '../harness/empty-database.ts'
import { createPerson } from '../harness/person.ts'
import { startPgbouncer } from '../harness/pgbouncer.ts'
import { findProgram } from '../harness/program.ts'
import { spawnServer, startServer } from '../harness/server.ts'
import { startScriptedUpstream } from '../harness/upstream.ts'

const upstream = await startScriptedUpstream()
afterAll(() => upstream.close())

// The end of the run names what is missing.
const isHere = inject('postgres') !== null && findProgram('pgbouncer') !== null

async function startPooler(mode: 'session' | 'transaction') {
  const { databaseUrl } = await emptyPostgres()
  const pooler = await startPgbouncer(databaseUrl, mode)
  if (pooler === null) throw new Error('There is no PgBouncer')
  onTestFinished(() => pooler.stop())
  return { databaseUrl, pooler }
}

test.runIf(isHere)('a pooler in transaction mode stops the start with one line, and nothing stays behind', async () => {
  const { databaseUrl, pooler } = await startPooler('transaction')
  const neighbour = new pg.Client(pooler.url)
  const direct = new pg.Client(databaseUrl)
  onTestFinished(() => Promise.all([neighbour.end(), direct.end()]).then(() => {}))
  await neighbour.connect()
  await direct.connect()
  // PgBouncer itself hands on the name of whoever was served last.
  const text = "SELECT name, setting FROM pg_settings WHERE name <> 'application_name'"
  const settings = async () => (await neighbour.query(text)).rows
  const before = await settings()

  await expect(spawnServer({ DATABASE_URL: pooler.url })).rejects.toThrow(
    /exited with 1: antiphon: DATABASE_URL: a pooler [^\n]*pool_mode to session[^\n]*\n$/,
  )
  expect(await settings()).toEqual(before)
  expect((await neighbour.query('SELECT pg_listening_channels()')).rows).toEqual([])
  expect((await neighbour.query('SELECT name FROM pg_prepared_statements')).rows).toEqual([])
  const locks = `SELECT 1 FROM pg_locks WHERE locktype = 'advisory'
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
  expect((await direct.query(locks)).rows).toEqual([])
})

test.runIf(isHere)('behind a pooler in session mode, a server answers, and so does the next one', async () => {
  const { pooler } = await startPooler('session')
  for (const question of ['What digs?', 'What else?']) {
    const server = await startServer({ DATABASE_URL: pooler.url, OPENAI_BASE_URL: upstream.baseUrl })
    const { completion } = await createPerson(server.url, 'alice').ask(question)
    expect(completion.status).toBe('COMPLETED')
    await server.close()
  }
})

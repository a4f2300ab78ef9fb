import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { createPerson } from '../harness/person.ts'
import { type Postgres, startPostgres } from '../harness/postgres.ts'
import type { ServerProcess } from '../harness/server-process.ts'
import { ask } from './asker.ts'
import { checkAnswers } from './check.ts'
import { type Ground, newDatabase, onGround, type Report, type Torture } from './ground.ts'
import { isLoss } from './loss.ts'

export interface ReadOnlySizes {
  rounds: number
  streams: number
  slackMs: number
}

const noticedWithinMs = 5_000
const pollMs = 100

/** Postgres takes no writes, as after a failover: the server says so, leaves its connections, and goes on when it takes them. */
export function readOnly(torture: Torture, { rounds, streams, slackMs }: ReadOnlySizes): Promise<Report> {
  return onGround(torture, async (ground) => {
    const postgres = await startPostgres()
    if (postgres === null) throw new Error('There is no Postgres')
    try {
      const settings = await newDatabase({ ...ground, postgresUrl: postgres.url })
      const server = await ground.start(settings)
      for (let round = 0; round < rounds; round++) {
        const asked = Array.from({ length: streams }, (_, index) => {
          return ask(ground, { id: `read-only-${round}-${index}`, route: () => server.url, pieces: 60, paceMs: 30 })
        })
        await Promise.all(asked.map(({ begun }) => begun))
        await turnReadOnlyAndBack(ground, postgres, server, noticedWithinMs + slackMs)
        await checkAnswers(ground, asked, [server])
      }
    } finally {
      await postgres.stop()
    }
    return `read-only: ${rounds} times under ${rounds * streams} answers`
  })
}

async function turnReadOnlyAndBack({ faults }: Ground, postgres: Postgres, { url }: ServerProcess, patienceMs: number) {
  const administrator = new pg.Client(postgres.url)
  await administrator.connect()
  const set = async (value: 'on' | 'off') => {
    await administrator.query(`ALTER SYSTEM SET default_transaction_read_only = ${value}`)
    await administrator.query('SELECT pg_reload_conf()')
  }
  const before = await backends(administrator)
  await set('on')
  try {
    await untilReady(url, { ok: false, database: 'the database is read-only' }, patienceMs)
    await expectUnavailable(url, faults)
    await expectGone(administrator, before, patienceMs, faults)
  } finally {
    // A superuser may write, if they say so.
    await administrator.query('SET default_transaction_read_only = off')
    await set('off')
  }
  await untilReady(url, { ok: true, database: 'ok' }, patienceMs)
  await administrator.end()
}

async function backends(administrator: pg.Client): Promise<number[]> {
  const text = `SELECT pid FROM pg_stat_activity WHERE application_name = 'antiphon'`
  return (await administrator.query<{ pid: number }>(text)).rows.map(({ pid }) => pid)
}

/** Rejects where `/readyz` does not come to say so. */
async function untilReady(url: string, expected: { ok: boolean; database: string }, patienceMs: number) {
  const untilMs = performance.now() + patienceMs
  for (;;) {
    const response = await fetch(`${url}/readyz`)
    const { checks } = (await response.json()) as { checks: Record<string, string> }
    if (response.ok === expected.ok && checks['database'] === expected.database) return
    if (performance.now() > untilMs) throw new Error(`/readyz says ${response.status}: ${JSON.stringify(checks)}`)
    await delay(pollMs)
  }
}

async function expectUnavailable(url: string, faults: string[]) {
  try {
    await createPerson(url, 'prober').ask('Who digs?')
    faults.push('a question was written to a database that is read-only')
  } catch (error) {
    if (!isLoss(error)) faults.push(`a question was answered with ${error}`)
  }
}

async function expectGone(administrator: pg.Client, pids: number[], patienceMs: number, faults: string[]) {
  const untilMs = performance.now() + patienceMs
  for (;;) {
    const left = (await backends(administrator)).filter((pid) => pids.includes(pid))
    if (left.length === 0) return
    if (performance.now() > untilMs) return void faults.push(`${left.length} connections stay`)
    await delay(pollMs)
  }
}

import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { createPerson } from '../harness/person.ts'
import { type Ground, newDatabase, onGround, type Report, spread, type Torture } from './ground.ts'
import { isLoss } from './loss.ts'
import { questionInput } from './viewer.ts'

export interface LockedSizes {
  lockedMs: number
  callers: number
  /** What a machine that is busy otherwise may add to the promised times. */
  slackMs: number
}

/** The promise is two seconds; the rest is for the way there and back. */
const refusedWithinMs = 2_500
/** Five of the pool, six for single statements, four for searches, one for the log, one for the bus. */
const maxBackends = 17
const servedWithinMs = 5_000
const pollMs = 100

/** Somebody locks a table, such as a migration by hand or a dump: callers are told soon, and connections do not pile up. */
export function locked(torture: Torture, { lockedMs, callers, slackMs }: LockedSizes): Promise<Report> {
  return onGround(torture, async (ground) => {
    const settings = await newDatabase(ground)
    const { url } = await ground.start(settings)
    const names = Array.from({ length: callers }, (_, index) => `caller-${index}`)
    // They are known by then, and the connections are made.
    await Promise.all(names.map((name) => callUntilAnswered(ground, url, name, 'before').done))
    const lock = await lockTable(settings['DATABASE_URL'] ?? '')
    const calls = names.map((name) => callUntilAnswered(ground, url, name, 'locked'))
    const untilMs = performance.now() + lockedMs
    const backends = await lock.maxBackendsUntil(() => {
      return performance.now() > untilMs && calls.every(({ refusedMs }) => refusedMs.length > 0)
    })
    await lock.release()
    const freeMs = performance.now()
    await Promise.all(calls.map(({ done }) => done))
    const servedMs = performance.now() - freeMs
    if (servedMs > servedWithinMs + slackMs) ground.faults.push(`all were served only after ${Math.round(servedMs)} ms`)
    const refusedMs = calls.flatMap((call) => call.refusedMs)
    const late = refusedMs.filter((ms) => ms > refusedWithinMs + slackMs)
    if (late.length > 0) ground.faults.push(`refused only after ${late.map(Math.round)} ms`)
    if (backends > maxBackends) ground.faults.push(`${backends} connections, which may be ${maxBackends}`)
    return (
      `locked: a table for ${lockedMs} ms under ${callers} callers, ${refusedMs.length} refusals, ` +
      `at most ${backends} connections; refused after ${spread(refusedMs)}`
    )
  })
}

async function lockTable(databaseUrl: string) {
  const client = new pg.Client(databaseUrl)
  await client.connect()
  await client.query('BEGIN; LOCK TABLE messages IN ACCESS EXCLUSIVE MODE')
  async function backends(): Promise<number> {
    const text = `SELECT count(*)::int AS count FROM pg_stat_activity
      WHERE datname = current_database() AND application_name LIKE 'antiphon%'`
    // Within a transaction, the view would be the same each time.
    await client.query('SELECT pg_stat_clear_snapshot()')
    return (await client.query(text)).rows[0].count
  }
  return {
    async maxBackendsUntil(isOver: () => boolean) {
      let most = 0
      for (; !isOver(); await delay(pollMs)) most = Math.max(most, await backends())
      return most
    },
    release: () => client.end(),
  }
}

/** Asks again and again until there is an answer, as there has to be one soon after the table is free. */
function callUntilAnswered({ seed, faults }: Ground, url: string, name: string, when: string) {
  const person = createPerson(url, name)
  const refusedMs: number[] = []
  async function call(number: number): Promise<boolean> {
    const startMs = performance.now()
    const question = { id: `${name}-${when}-${number}`, seed, pieces: 3, paceMs: 1 }
    try {
      await person.ask({ ...questionInput(question), background: true })
      return true
    } catch (error) {
      refusedMs.push(performance.now() - startMs)
      if (!isLoss(error)) faults.push(`${question.id} was answered with ${error}`)
      return false
    }
  }
  async function run() {
    for (let number = 0; !(await call(number)); number++) await delay(pollMs)
  }
  return { refusedMs, done: run() }
}

import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { RequestError } from '../harness/client.ts'
import { createPerson } from '../harness/person.ts'
import { type Postgres, startPostgres } from '../harness/postgres.ts'
import { ask } from './asker.ts'
import { checkAnswers } from './check.ts'
import { createDice, type Dice } from './dice.ts'
import { type Ground, newDatabase, onGround, type Report, spread, type Torture } from './ground.ts'
import { isLoss } from './loss.ts'
import { type Sickness, sicknesses } from './sick-database.ts'
import { questionInput } from './viewer.ts'
import { createWriter } from './writer.ts'

export interface DatabaseFaultSizes {
  rounds: number
  /** How many of the sicknesses each round has, picked by the seed. */
  kinds: number
  streams: number
  /** What a machine that is busy otherwise may add to the promised times. */
  slackMs: number
}

interface Round {
  name: string
  answers: number
  messages: number
  /** How long those waited who were told that the database cannot serve. */
  refusedMs: number[]
}

/** The promise is two seconds; the rest is for the way there and back. */
const refusedWithinMs = 2_500
const settledWithinMs = 10_000

/** The database fails in the middle of answers, in each way that there is. */
export function databaseFaults(
  torture: Torture,
  { rounds, kinds, streams, slackMs }: DatabaseFaultSizes,
): Promise<Report> {
  return onGround(torture, async (ground) => {
    // Its processes end, not the machine.
    const postgres = await startPostgres({ max_connections: '40', fsync: 'off' })
    if (postgres === null) throw new Error('There is no Postgres')
    const done: Round[] = []
    try {
      for (let number = 0; number < rounds; number++) {
        for (const [name, sickness] of picked(createDice(`${ground.seed} kinds ${number}`), kinds)) {
          done.push(
            await suffer({ ...ground, postgresUrl: postgres.url }, `${name}-${number}`, sickness, postgres, streams),
          )
        }
      }
    } finally {
      await postgres.stop()
    }
    const refusedMs = done.flatMap((round) => round.refusedMs)
    const late = refusedMs.filter((ms) => ms > refusedWithinMs + slackMs)
    if (late.length > 0) ground.faults.push(`refused only after ${late.map(Math.round)} ms`)
    const sum = (count: (round: Round) => number) => done.reduce((total, round) => total + count(round), 0)
    return (
      `database-faults: ${done.map(({ name }) => name).join(', ')}; ${sum((round) => round.answers)} answers, ` +
      `${sum((round) => round.messages)} messages; refused after ${spread(refusedMs)}`
    )
  })
}

function picked(dice: Dice, count: number): [string, Sickness][] {
  const left = Object.entries(sicknesses)
  while (left.length > count) left.splice(dice.whole(0, left.length - 1), 1)
  return left
}

async function suffer(
  ground: Ground,
  name: string,
  sickness: Sickness,
  postgres: Postgres,
  streams: number,
): Promise<Round> {
  const dice = createDice(`${ground.seed} ${name}`)
  const { DATABASE_URL: databaseUrl = '' } = await newDatabase(ground)
  const sick = await sickness(postgres)
  const url = new URL(sick.url)
  url.pathname = new URL(databaseUrl).pathname
  const settings = { DATABASE_URL: url.href }
  const servers = [await ground.start(settings), await ground.start(settings)]
  const route = () => dice.pick(servers).url
  const writer = createWriter(`writer-${name}`, route, ground.faults)
  const early = Array.from({ length: streams }, (_, index) => {
    return ask(ground, { id: `${name}-early-${index}`, route, pieces: dice.whole(100, 200), paceMs: 20 })
  })
  await Promise.all(early.map(({ begun }) => begun))
  const suffering = sick.suffer(dice)
  const late = Array.from({ length: streams }, (_, index) => {
    return ask(ground, { id: `${name}-late-${index}`, route, pieces: 20, paceMs: 10 })
  })
  const refusedMs = await probeUntil(ground, suffering, name, route)
  const { ends } = await checkAnswers(ground, early, servers)
  for (const { id, status } of ends) {
    if (status !== 'COMPLETED') ground.faults.push(`${name}: ${id} is ${status} though its upstream went on`)
  }
  await checkAnswers(ground, late, servers)
  const messages = await writer.check()
  await expectSettled(ground, databaseUrl, name)
  await Promise.all(servers.map((server) => server.kill('SIGKILL')))
  await sick.close()
  return { name, answers: early.length + late.length, messages, refusedMs }
}

/** Asks without a key again and again until all is well: it is done, or it is said soon that it cannot be done. */
async function probeUntil({ seed, faults }: Ground, over: Promise<void>, name: string, route: () => string) {
  const refusedMs: number[] = []
  let isOver = false
  const ending = over.finally(() => {
    isOver = true
  })
  for (let number = 0; !isOver; number++) {
    const startMs = performance.now()
    const question = { id: `${name}-probe-${number}`, seed, pieces: 3, paceMs: 1 }
    try {
      await createPerson(route(), 'prober').ask({ ...questionInput(question), background: true })
    } catch (error) {
      if (!isLoss(error)) faults.push(`${name}: a question was answered with ${error}`)
      if (error instanceof RequestError) refusedMs.push(performance.now() - startMs)
    }
    await delay(20)
  }
  await ending
  return refusedMs
}

/** Also what was begun although nobody could be told. */
async function expectSettled({ faults }: Ground, databaseUrl: string, name: string) {
  const client = new pg.Client(databaseUrl)
  await client.connect()
  const untilMs = performance.now() + settledWithinMs
  for (;;) {
    const { rows } = await client.query(`SELECT id FROM completions WHERE status = 'IN_PROGRESS'`)
    if (rows.length === 0) break
    if (performance.now() > untilMs) {
      faults.push(`${name}: ${rows.length} completions do not end`)
      break
    }
    await delay(100)
  }
  await client.end()
}

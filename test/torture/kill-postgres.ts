import { setTimeout as delay } from 'node:timers/promises'
import type { ServerProcess } from '../harness/server-process.ts'
import { ask } from './asker.ts'
import { checkAnswers } from './check.ts'
import { createDice } from './dice.ts'
import { type Ground, newDatabase, onGround, type Report, spread, type Torture } from './ground.ts'
import { createWriter } from './writer.ts'

export interface KillSizes {
  kills: number
  streams: number
  /** What a machine that is busy otherwise may add to the promised times. */
  slackMs: number
}

interface Round {
  interrupted: number
  messages: number
  calls: number
  /** From the kill to the end of each answer that it interrupted. */
  endedMs: number[]
}

const leaseMs = 2_000
const recoveryMs = 2_000

/** Two replicas, one of which is killed while both stream. What either has shown or acknowledged is there after. */
export function killOnPostgres(torture: Torture, { kills, streams, slackMs }: KillSizes): Promise<Report> {
  return onGround(torture, async (ground) => {
    const settings = { ...(await newDatabase(ground)), LEASE_MS: `${leaseMs}` }
    const start = () => ground.start(settings)
    // One after the other: the first migrates.
    let servers: [ServerProcess, ServerProcess] = [await start(), await start()]
    const rounds: Round[] = []
    for (let number = 0; number < kills; number++) {
      const dice = createDice(`${ground.seed} kill ${number}`)
      if (dice.chance(0.5)) servers = [servers[1], servers[0]]
      const [victim, survivor] = servers
      const { round, next } = await killOne(ground, { number, streams, victim, survivor, start, slackMs })
      rounds.push(round)
      servers = [next, survivor]
    }
    const sum = (count: (round: Round) => number) => rounds.reduce((total, round) => total + count(round), 0)
    return (
      `kill on Postgres: ${kills} kills, ${kills * streams} answers, ${sum((round) => round.interrupted)} interrupted, ` +
      `${sum((round) => round.calls)} upstream calls, ${sum((round) => round.messages)} messages; ` +
      `ended after the kill: ${spread(rounds.flatMap((round) => round.endedMs))}`
    )
  })
}

interface Killing {
  number: number
  streams: number
  victim: ServerProcess
  survivor: ServerProcess
  start(): Promise<ServerProcess>
  slackMs: number
}

async function killOne(ground: Ground, { number, streams, victim, survivor, start, slackMs }: Killing) {
  const dice = createDice(`${ground.seed} killing ${number}`)
  let isDead = false
  const route = () => (!isDead && dice.chance(0.7) ? victim.url : survivor.url)
  const writer = createWriter(`writer-${number}`, route, ground.faults)
  const asked = Array.from({ length: streams }, (_, index) => {
    return ask(ground, { id: `${number}-${index}`, route, pieces: dice.whole(10, 80), paceMs: dice.whole(5, 40) })
  })
  // Some answers have not begun by then, and some are over.
  await delay(dice.whole(50, 1_500))
  const killedAt = Date.now()
  isDead = true
  await victim.kill('SIGKILL')
  const starting = start()
  await Promise.all(asked.map(({ ends }) => ends))
  const next = await starting
  const messages = await writer.check()
  const { ends, calls } = await checkAnswers(ground, asked, [survivor, next])
  const endedMs = ends
    .filter(({ status }) => status === 'INTERRUPTED')
    .map(({ finishedAt }) => Date.parse(finishedAt ?? '') - killedAt)
  const late = endedMs.filter((ms) => !(ms <= leaseMs + recoveryMs + slackMs))
  if (late.length > 0) ground.faults.push(`kill ${number}: ended only after ${late} ms`)
  return { next, round: { interrupted: endedMs.length, messages, calls, endedMs } }
}

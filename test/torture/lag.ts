import { percentile } from '../bench/figure.ts'
import type { CompletionEvent } from '../harness/completion-documents.ts'
import { createPerson } from '../harness/person.ts'
import { startRedis } from '../harness/redis.ts'
import type { Environment } from '../harness/server-process.ts'
import { begin } from './begin.ts'
import { type Ground, newDatabase, onGround, type Report, type Torture } from './ground.ts'
import type { Question } from './script.ts'

export interface LagSizes {
  answers: number
  pieces: number
  /** What a machine that is busy otherwise may add to the promised time. */
  slackMs: number
}

/** When a viewer had so much of the answer. */
interface Arrival {
  length: number
  atMs: number
}

const name = 'viewer'
const paceMs = 20
const warmUpPieces = 50
const promisedMs = 150

/** How much later than at the server that streams an answer its tokens are seen at another, by each bus. */
export function lag(torture: Torture, sizes: LagSizes): Promise<Report> {
  return onGround(torture, async (ground) => {
    const overPostgres = await lagOver(ground, 'Postgres', {}, sizes)
    const redis = await startRedis()
    if (redis === null) return `lag: ${overPostgres}; Redis is not installed`
    try {
      return `lag: ${overPostgres}; ${await lagOver(ground, 'Redis', { REDIS_URL: redis.url }, sizes)}`
    } finally {
      await redis.stop()
    }
  })
}

async function lagOver(ground: Ground, bus: string, settings: Environment, { answers, pieces, slackMs }: LagSizes) {
  const { seed, faults } = ground
  const shared = { ...(await newDatabase(ground)), ...settings }
  const [owner, other] = [await ground.start(shared), await ground.start(shared)]
  async function lagsOf(id: string, count: number): Promise<number[]> {
    const question: Question = { id: `${bus} ${id}`, seed, pieces: count, paceMs, isSteady: true }
    const completionId = await begin(owner.url, name, question)
    const [there, here] = await Promise.all([arrivalsAt(other.url, completionId), arrivalsAt(owner.url, completionId)])
    return lagsBetween(here, there)
  }
  // Servers that have just started are slow.
  await lagsOf('warm-up', warmUpPieces)
  const all = (await Promise.all(Array.from({ length: answers }, (_, index) => lagsOf(`${index}`, pieces)))).flat()
  const [p50, p99] = [percentile(all, 50), percentile(all, 99)]
  if (!(p50 <= promisedMs + slackMs))
    faults.push(`over ${bus} half of ${all.length} events come more than ${Math.floor(p50)} ms later`)
  return `over ${bus} ${all.length} events, p50 ${p50.toFixed(1)} ms later, p99 ${p99.toFixed(1)} ms`
}

async function arrivalsAt(url: string, id: string): Promise<Arrival[]> {
  const arrivals: Arrival[] = []
  let length = 0
  for await (const event of createPerson(url, name).watch(id)) {
    length += lengthIn(event)
    arrivals.push({ length, atMs: performance.now() })
  }
  return arrivals
}

function lengthIn(event: CompletionEvent): number {
  if (!('choices' in event)) return 0
  return event.choices.reduce((sum, { content, reasoning }) => sum + content.length + reasoning.length, 0)
}

/** For each event of the one who sees it first, but for what the other found when it came. */
function lagsBetween(here: readonly Arrival[], there: readonly Arrival[]): number[] {
  const found = there[0]?.length ?? 0
  return here
    .filter(({ length }) => length > found)
    .flatMap(({ length, atMs }) => {
      const seen = there.find((arrival) => arrival.length >= length)
      return seen === undefined ? [] : [seen.atMs - atMs]
    })
}

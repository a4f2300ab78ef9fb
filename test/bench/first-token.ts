import type { Child } from './child.ts'
import { median, percentile, type Result, show } from './figure.ts'
import { askInTurns, type Load } from './load.ts'
import type { Ask, Times } from './reading.ts'
import type { Stage } from './stage.ts'

const streams = 20
const shape = { tokens: 60, firstMs: 30, gapMs: 20, stamped: true }
const answerMs = shape.firstMs + shape.tokens * shape.gapMs
// Spread over one answer, as people's questions are, so that all are in progress and none begin together.
const load: Load = { shape, answersEach: 3, staggerMs: answerMs / streams }

// A server in service has long been compiled by its engine: short answers until it has.
const warmUp: Load = { shape: { ...shape, tokens: 5, firstMs: 1, gapMs: 1 }, answersEach: 75, staggerMs: 1 }

interface Side {
  name: string
  goal: string
  asks: Ask[]
  /** by repetition */
  times: Times[][]
}

/**
 * The time from a question to its first token, through the subscription and straight from the model server. The hand relay
 * beside it, without GraphQL and without a database, shows what a server in between takes on this machine anyway.
 */
export async function firstToken(stage: Stage): Promise<Result[]> {
  const { url } = await stage.startModelServer()
  const direct: Side = { name: 'direct', goal: '', asks: stage.openReaders(url, streams), times: [] }
  const relay = await stage.startHandRelay(url)
  const through: Side[] = [await side(stage, 'hand relay', '', relay)]
  for (const database of stage.databases) {
    through.push(
      await side(stage, `Antiphon, ${database.name}`, 'at most 2 ms', await stage.startLoadable(database, url)),
    )
  }

  const sides = [direct, ...through]
  for (const { asks } of sides) await askInTurns(asks, warmUp)
  for (let rep = 0; rep < stage.reps; rep++) {
    for (const { asks, times } of sides) times.push(await askInTurns(asks, load))
  }

  for (const side of sides) console.log(describe(side))
  return through.map(({ name, goal, times }) => ({
    measure: `first token: ${name}, beyond direct (medians at ${streams} streams)`,
    values: times.map((own, rep) => medianFirst(own) - medianFirst(direct.times[rep] ?? [])),
    unit: 'ms',
    goal,
  }))
}

async function side(stage: Stage, name: string, goal: string, { url }: Child): Promise<Side> {
  return { name, goal, asks: await stage.openViewers(url, streams, { store: true }), times: [] }
}

function medianFirst(times: Times[]): number {
  return median(times.map(({ firstTokenMs }) => firstTokenMs))
}

function describe({ name, times }: Side): string {
  const all = times.flat()
  const quantiles = (values: number[]) => `p50 ${show(percentile(values, 50))}, p99 ${show(percentile(values, 99))} ms`
  const first = quantiles(all.map(({ firstTokenMs }) => firstTokenMs))
  const transit = quantiles(all.flatMap(({ transitsMs }) => transitsMs))
  return `  ${name}: first token ${first}; later tokens, model server's write to read, ${transit}; ${all.length} answers`
}

import type { Child } from './child.ts'
import { median, percentile, type Result, show, showSpread } from './figure.ts'
import { askInTurns, type Load } from './load.ts'
import type { Ask, Times } from './reading.ts'
import type { Stage } from './stage.ts'

const shape = { tokens: 100, firstMs: 30, gapMs: 20, stamped: true }
const answerMs = shape.firstMs + shape.tokens * shape.gapMs

interface Side {
  name: string
  server: Child
  asks: Ask[]
  /** by repetition */
  reps: { tokensPerCpuSecond: number; times: Times[] }[]
}

/** Answers at a model's pace: what a token costs the server, and how late it comes. */
export async function paced(stage: Stage): Promise<Result[]> {
  const { url } = await stage.startModelServer()
  const side = async (name: string, server: Child, store: boolean): Promise<Side> => {
    return { name, server, asks: await stage.openViewers(server.url, stage.streams, { store }), reps: [] }
  }
  const yardstick = await side('hand relay', await stage.startHandRelay(url), true)
  const own: Side[] = []
  for (const database of stage.databases) {
    const server = await stage.startLoadable(database, url)
    own.push(await side(`Antiphon, unstored, ${database.name}`, server, false))
    own.push(await side(`Antiphon, stored, ${database.name}`, server, true))
  }
  const sides = [yardstick, ...own]
  // Spread over one answer, as people's questions are.
  const load: Load = { shape, answersEach: 2, staggerMs: answerMs / stage.streams }
  for (const { asks } of sides) await askInTurns(asks, { ...load, answersEach: 1 })
  for (let rep = 0; rep < stage.reps; rep++) for (const side of sides) await measure(side, load)
  for (const side of sides) console.log(describe(side))
  return own.map(({ name, reps }) => ({
    measure: `paced: ${name}, tokens per CPU-second against the hand relay, ${stage.streams} streams`,
    values: reps.map(({ tokensPerCpuSecond }, rep) => tokensPerCpuSecond / rateOf(yardstick, rep)),
    unit: 'x',
    goal: '',
  }))
}

function rateOf({ reps }: Side, rep: number): number {
  return reps[rep]?.tokensPerCpuSecond ?? median(reps.map(({ tokensPerCpuSecond }) => tokensPerCpuSecond))
}

async function measure({ server, asks, reps }: Side, load: Load): Promise<void> {
  const before = await server.cpuSeconds()
  const times = await askInTurns(asks, load)
  reps.push({ tokensPerCpuSecond: (times.length * shape.tokens) / ((await server.cpuSeconds()) - before), times })
}

function describe({ name, reps }: Side): string {
  const all = reps.flatMap(({ times }) => times)
  const quantiles = (values: number[]) => `p50 ${show(percentile(values, 50))}, p99 ${show(percentile(values, 99))} ms`
  const first = quantiles(all.map(({ firstTokenMs }) => firstTokenMs - shape.firstMs))
  const rate = showSpread(
    reps.map(({ tokensPerCpuSecond }) => tokensPerCpuSecond),
    'tokens per CPU-second',
  )
  const transit = quantiles(all.flatMap(({ transitsMs }) => transitsMs))
  return `  ${name}: ${rate}; first token beyond the model's ${first}; transit ${transit}`
}

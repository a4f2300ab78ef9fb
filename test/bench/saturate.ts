import type { Child } from './child.ts'
import { median, type Result, showSpread } from './figure.ts'
import { askInTurns, type Load } from './load.ts'
import type { Ask } from './reading.ts'
import type { Stage } from './stage.ts'

const streams = 64
const shape = { tokens: 200, firstMs: 0, gapMs: 0, stamped: false }
const load: Load = { shape, answersEach: 8, staggerMs: 0 }

interface Side {
  name: string
  server: Child
  asks: Ask[]
  /** tokens per CPU-second of the server, by repetition */
  rates: number[]
}

/** Tokens per CPU-second of the server, where tokens come faster than it can take them. */
export async function saturate(stage: Stage): Promise<Result[]> {
  const { url } = await stage.startModelServer()
  const relay = await stage.startHandRelay(url)
  const yardstick = await side(stage, 'hand relay', relay, true)
  const own: Side[] = []
  for (const database of stage.databases) {
    const server = await stage.startLoadable(database, url)
    own.push(await side(stage, `Antiphon, unstored, ${database.name}`, server, false))
    own.push(await side(stage, `Antiphon, stored, ${database.name}`, server, true))
  }

  const sides = [yardstick, ...own]
  for (const { asks } of sides) await askInTurns(asks, load)
  for (let rep = 0; rep < stage.reps; rep++) for (const side of sides) side.rates.push(await measure(side))

  for (const { name, rates } of sides) {
    console.log(`  ${name}: ${showSpread(rates, 'tokens per CPU-second')}`)
  }
  return own.map(({ name, rates }) => ({
    measure: `saturate: ${name}, tokens per CPU-second against the hand relay`,
    values: rates.map((rate, rep) => rate / (yardstick.rates[rep] ?? median(yardstick.rates))),
    unit: 'x',
    goal: '',
  }))
}

async function side(stage: Stage, name: string, server: Child, store: boolean): Promise<Side> {
  return { name, server, asks: await stage.openViewers(server.url, streams, { store }), rates: [] }
}

async function measure({ server, asks }: Side): Promise<number> {
  const before = await server.cpuSeconds()
  const answers = await askInTurns(asks, load)
  return (answers.length * shape.tokens) / ((await server.cpuSeconds()) - before)
}

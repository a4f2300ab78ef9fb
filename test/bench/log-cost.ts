import { setTimeout as delay } from 'node:timers/promises'
import type { Child } from './child.ts'
import { median, type Result, show, showSpread } from './figure.ts'
import { nowMs, type Shape, tokenLength } from './model-answer.ts'
import { type Ask, askOnce } from './reading.ts'
import type { Stage } from './stage.ts'

const beginMs = 2_000
const windowMs = 4_000
// For 9 s, which leaves those that begin late some time.
const shape: Shape = { tokens: 450, firstMs: 0, gapMs: 20, stamped: false }

interface Side {
  name: string
  server: Child
  stored: Ask[]
  unstored: Ask[]
  /** by repetition */
  withLog: Cost[]
  withoutLog: Cost[]
}

interface Cost {
  cpuPercent: number
  /** of the tokens that the model server wrote meanwhile */
  deliveredPercent: number
  tokensPerEvent: number
}

/**
 * What keeping the text of paced answers costs the server that streams them; begin and end are left out. Less than
 * nothing, where what waits for its commit is joined into so few events that their writes are saved.
 */
export async function logCost(stage: Stage): Promise<Result[]> {
  const { url } = await stage.startModelServer()
  const sides: Side[] = []
  for (const database of stage.databases) {
    const server = await stage.startLoadable(database, url)
    const stored = await stage.openViewers(server.url, stage.streams, { store: true })
    const unstored = await stage.openViewers(server.url, stage.streams, { store: false })
    sides.push({ name: database.name, server, stored, unstored, withLog: [], withoutLog: [] })
  }

  for (const { server, stored, unstored } of sides) {
    await measure(server, unstored)
    await measure(server, stored)
  }
  for (let rep = 0; rep < stage.reps; rep++) {
    for (const { server, stored, unstored, withLog, withoutLog } of sides) {
      withoutLog.push(await measure(server, unstored))
      withLog.push(await measure(server, stored))
    }
  }

  return sides.map(({ name, withLog, withoutLog }) => {
    console.log(`  ${name}, stored: ${describe(withLog)}\n  ${name}, unstored: ${describe(withoutLog)}`)
    return {
      measure: `log-cost: share of the server's CPU at ${stage.streams} streams, ${name}`,
      values: withLog.map((cost, rep) => (1 - (withoutLog[rep]?.cpuPercent ?? Number.NaN) / cost.cpuPercent) * 100),
      unit: '%',
      goal: '',
    }
  })
}

function describe(costs: Cost[]): string {
  const cpu = showSpread(
    costs.map(({ cpuPercent }) => cpuPercent),
    '% of a CPU',
  )
  const perEvent = show(median(costs.map(({ tokensPerEvent }) => tokensPerEvent)))
  const delivered = show(median(costs.map(({ deliveredPercent }) => deliveredPercent)))
  return `${cpu}, ${perEvent} tokens an event, ${delivered} % delivered`
}

/** While all answers are in progress. */
async function measure(server: Child, asks: Ask[]): Promise<Cost> {
  const seen = { begun: 0, ended: 0, events: 0, characters: 0 }
  let onAllBegun = () => {}
  const allBegun = new Promise<void>((resolve) => {
    onAllBegun = resolve
  })
  const askLater = async (ask: Ask, index: number) => {
    await delay((index * beginMs) / asks.length)
    let hasBegun = false
    await askOnce(ask, shape, (text) => {
      seen.events++
      seen.characters += text.length
      if (hasBegun) return
      hasBegun = true
      seen.begun++
      if (seen.begun === asks.length) onAllBegun()
    })
    seen.ended++
  }
  const answers = Promise.all(asks.map(askLater))
  await Promise.race([allBegun, answers])
  const sample = async () => ({ ...seen, cpuSeconds: await server.cpuSeconds(), atMs: nowMs() })
  const before = await sample()
  await Promise.race([delay(windowMs), answers])
  const after = await sample()
  await answers
  if (after.ended > 0) throw new Error(`${asks.length} streams took so long to begin that the first ended meanwhile`)

  const seconds = (after.atMs - before.atMs) / 1_000
  const tokens = (after.characters - before.characters) / tokenLength
  return {
    cpuPercent: ((after.cpuSeconds - before.cpuSeconds) / seconds) * 100,
    deliveredPercent: (tokens / ((asks.length * seconds * 1_000) / shape.gapMs)) * 100,
    tokensPerEvent: tokens / (after.events - before.events),
  }
}

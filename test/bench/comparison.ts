import type { Child } from './child.ts'
import { median, type Result, showSpread } from './figure.ts'
import { askInTurns, type Load } from './load.ts'
import type { Ask } from './reading.ts'

/** One of the servers that take turns with the same load. */
export interface Side {
  name: string
  server: Child
  asks: Ask[]
}

interface Compared {
  /** What is counted, such as tokens. */
  unit: string
  perAnswer: number
  load: Load
  reps: number
}

/** How much each side does in a second of its CPU time, beside the first, which is the yardstick. */
export async function compare(workload: string, sides: Side[], { unit, perAnswer, load, reps }: Compared) {
  const rates = sides.map((): number[] => [])
  for (const { asks } of sides) await askInTurns(asks, load)
  for (let rep = 0; rep < reps; rep++) {
    for (const [index, side] of sides.entries()) rates[index]?.push((await answersPerCpuSecond(side, load)) * perAnswer)
  }
  for (const [index, { name }] of sides.entries()) {
    console.log(`  ${name}: ${showSpread(rates[index] ?? [], `${unit} per CPU-second`)}`)
  }
  const [yardstick, ...others] = sides
  return others.map(({ name }, index): Result => {
    const beside = rates[0] ?? []
    return {
      measure: `${workload}: ${name}, ${unit} per CPU-second against the ${yardstick?.name}`,
      values: (rates[index + 1] ?? []).map((rate, rep) => rate / (beside[rep] ?? median(beside))),
      unit: 'x',
      goal: '',
    }
  })
}

async function answersPerCpuSecond({ server, asks }: Side, load: Load): Promise<number> {
  const before = await server.cpuSeconds()
  const answers = await askInTurns(asks, load)
  return answers.length / ((await server.cpuSeconds()) - before)
}

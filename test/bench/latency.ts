import { percentile, show } from './figure.ts'

const rounds = 10

/** Does the work ten times, prints its median and its 95th percentile, and returns the latter in milliseconds. */
export async function p95Of(name: string, work: () => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    const startMs = performance.now()
    await work()
    times.push(performance.now() - startMs)
  }
  const figures = [50, 95].map((percent) => `p${percent} ${show(percentile(times, percent))} ms`)
  console.log(`  ${name}: ${figures.join(', ')}`)
  return percentile(times, 95)
}

import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { ServerProcess } from '../harness/server-process.ts'

/** How a server did while it was given work. */
export interface Liveness {
  /** How long `/livez` took to answer, of which 1 in 100 took longer. */
  p99Ms: number
  /** By how much its resident memory grew at most. */
  grownBytes: number
}

const pollMs = 10
// Linux counts memory in pages; all platforms that the tests run on have pages of this size.
const pageBytes = 4_096

/** Asks `/livez` over and over, and weighs the process, until the work is done. */
export async function livenessDuring({ url, pid }: ServerProcess, work: () => Promise<unknown>): Promise<Liveness> {
  const before = await residentBytes(pid)
  let peak = before
  let isDone = false
  const working = work().finally(() => {
    isDone = true
  })
  // Whoever awaits it below is told; until then, its failure is no unhandled one.
  working.catch(() => {})
  const tookMs: number[] = []
  while (!isDone) {
    const askedMs = performance.now()
    await (await fetch(`${url}/livez`)).arrayBuffer()
    tookMs.push(performance.now() - askedMs)
    peak = Math.max(peak, await residentBytes(pid))
    await delay(pollMs)
  }
  await working
  return { p99Ms: percentile(tookMs, 0.99), grownBytes: peak - before }
}

/** Of a process on Linux. */
async function residentBytes(pid: number): Promise<number> {
  const [, pages] = (await readFile(`/proc/${pid}/statm`, 'utf8')).split(' ')
  return Number(pages) * pageBytes
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

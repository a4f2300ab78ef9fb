import type { Child } from './child.ts'
import type { Database, Settings } from './database.ts'
import { type Result, showSpread } from './figure.ts'
import type { Stage } from './stage.ts'

interface Starts {
  database: Database
  /** CPU seconds, by repetition */
  first: number[]
  second: number[]
}

/** What a start costs until /readyz says 200, with the demo model: on an empty database, and on the one it left. */
export async function start(stage: Stage): Promise<Result[]> {
  const all: Starts[] = stage.databases.map((database) => ({ database, first: [], second: [] }))
  // The first of all reads the program from the disk.
  await stopped(await stage.startAntiphon((await stage.databases[0]?.fresh()) ?? {}))
  for (let rep = 0; rep < stage.reps; rep++) {
    for (const { database, first, second } of all) {
      const settings = await database.fresh()
      first.push(await startOnce(stage, settings))
      second.push(await startOnce(stage, settings))
    }
  }

  return all.flatMap(({ database: { name }, first, second }) => {
    console.log(`  ${name}: first start ${showSpread(first, 'CPU s')}, second ${showSpread(second, 'CPU s')}`)
    return [
      { measure: `start: first, on an empty database, ${name}`, values: first, unit: 'CPU s', goal: 'at most 8 CPU s' },
      { measure: `start: second, ${name}`, values: second, unit: 'CPU s', goal: 'at most 3 CPU s' },
    ]
  })
}

async function startOnce(stage: Stage, settings: Settings): Promise<number> {
  return stopped(await stage.startAntiphon(settings))
}

/** It prints its address when it is ready, so nothing is asked before and polling costs nothing. */
async function stopped(server: Child): Promise<number> {
  const { status } = await fetch(`${server.url}/readyz`)
  if (status !== 200) throw new Error(`/readyz says ${status}`)
  const seconds = await server.cpuSeconds()
  await server.stop()
  return seconds
}

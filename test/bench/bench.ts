// Ratios and differences of one run on this machine: what stands beside each other was measured in turns.
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { findDatabases } from './database.ts'
import { type Result, show, table } from './figure.ts'
import { firstToken } from './first-token.ts'
import { logCost } from './log-cost.ts'
import { paced } from './paced.ts'
import { paging } from './paging.ts'
import { saturate } from './saturate.ts'
import { search } from './search.ts'
import { singleShot } from './single-shot.ts'
import { createStage, type Stage } from './stage.ts'
import { start } from './start.ts'
import { usage } from './usage.ts'

const workloads: Record<string, (stage: Stage) => Promise<Result[]>> = {
  'first-token': firstToken,
  start,
  saturate,
  paced,
  'single-shot': singleShot,
  'log-cost': logCost,
  paging,
  search,
  usage,
}

const help = `npm run bench [-- [profile] [${Object.keys(workloads).join(' | ')}] [--reps N] [--streams N]]`

function readArguments() {
  const options = { reps: { type: 'string', default: '3' }, streams: { type: 'string', default: '100' } } as const
  const { values, positionals } = parseArgs({ options, allowPositionals: true })
  const [reps, streams] = [Number(values.reps), Number(values.streams)]
  const isProfiled = positionals[0] === 'profile'
  const given = isProfiled ? positionals.slice(1) : positionals
  const isKnown = given.every((name) => Object.hasOwn(workloads, name))
  const areCounts = [reps, streams].every((count) => Number.isInteger(count) && count > 0)
  if (!isKnown || !areCounts) throw new Error('no such workload, or not a count')
  const profileFolder = isProfiled ? resolve('.profile') : null
  return { reps, streams, profileFolder, names: given.length > 0 ? given : Object.keys(workloads) }
}

function describeMachine(): string {
  const models = cpus()
  const busy = loadavg()[0] ?? 0
  const warning = busy > models.length / 4 ? ' THE MACHINE IS BUSY: take no figure from this run.' : ''
  return `Node ${process.version}, ${models.length} CPUs (${models[0]?.model}), load ${show(busy)}.${warning}`
}

async function run(stage: Stage, names: string[]): Promise<Result[]> {
  const results: Result[] = []
  for (const name of names) {
    console.log(`\n${name}`)
    try {
      results.push(...((await workloads[name]?.(stage)) ?? []))
    } catch (error) {
      console.error(`  no result: ${error instanceof Error ? error.message : error}`)
      process.exitCode = 1
    }
    await stage.clear()
  }
  return results
}

async function main(): Promise<void> {
  const { names, ...counts } = readArguments()
  console.log(describeMachine())
  const folder = mkdtempSync(join(tmpdir(), 'antiphon-bench-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const databases = await findDatabases(folder)
  if (databases.length === 1) console.log('Postgres is left out: DATABASE_URL is not set and initdb is not installed.')
  const stage = createStage({ databases, folder, ...counts })

  async function cleanUp() {
    await stage.clear()
    for (const database of databases) await database.close()
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void cleanUp().finally(() => process.exit(1)))
  }
  const results = await run(stage, names)
  await cleanUp()
  if (counts.profileFolder !== null) console.log(`\nThe profiles of the servers are in ${counts.profileFolder}.`)
  if (results.length > 0) console.log(`\n${table(results)}`)
}

main().catch((error: unknown) => {
  console.error(`${error instanceof Error ? error.message : error}\n${help}`)
  process.exitCode = 1
})

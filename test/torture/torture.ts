import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startPostgres } from '../harness/postgres.ts'
import type { Torture } from './ground.ts'
import { scenarios } from './scenarios.ts'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
    short: { type: 'boolean', default: false },
    log: { type: 'boolean', default: false },
  },
})

async function run(torture: Torture): Promise<number> {
  let faultCount = 0
  for (const [name, { short, long }] of Object.entries(scenarios)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue
    const { figure, faults, log } = await (values.short ? short : long)(torture)
    console.log(figure)
    if (values.log) console.error(log)
    for (const fault of faults) console.error(`  ${fault}`)
    faultCount += faults.length
  }
  return faultCount
}

async function main() {
  const unknown = positionals.filter((name) => !Object.hasOwn(scenarios, name))
  if (unknown.length > 0) {
    throw new Error(`No such scenario: ${unknown.join()}; there is ${Object.keys(scenarios).join(', ')}`)
  }
  const folder = await mkdtemp(join(tmpdir(), 'antiphon-torture-'))
  const postgres = await startPostgres()
  if (postgres === null) throw new Error('Torture needs Postgres: initdb is not installed')
  const databasePrefix = `torture_${randomUUID().slice(0, 8)}`
  try {
    const faults = await run({ seed: values.seed, folder, postgresUrl: postgres.url, databasePrefix })
    process.exitCode = faults === 0 ? 0 : 1
  } finally {
    await postgres.stop()
    await rm(folder, { recursive: true })
  }
}

await main()

import { randomUUID } from 'node:crypto'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { type Environment, type Exit, type ServerProcess, startServerProcess } from '../harness/server-process.ts'
import { type Model, startModel } from './model.ts'

/** What a scenario is given. */
export interface Torture {
  seed: string
  /** It goes when all is over. */
  folder: string
  /** An administrator's URL; null where there is no Postgres. */
  postgresUrl: string | null
  /** Databases are named after it. */
  databasePrefix: string
}

/** What a scenario tells: what it did, in one line, and what was not as promised. */
export interface Report {
  figure: string
  faults: string[]
  /** What the servers logged. */
  log: string
}

/** The upstream of a scenario, and the servers that ask it. */
export interface Ground extends Torture {
  model: Model
  faults: string[]
  start(settings: Environment): Promise<ServerProcess>
}

/** Lays the ground, runs the scenario on it, and clears all away. */
export async function onGround(torture: Torture, scenario: (ground: Ground) => Promise<string>): Promise<Report> {
  const running = new Set<() => Promise<Exit>>()
  const servers: ServerProcess[] = []
  const model = await startModel()
  const faults: string[] = []
  const common = {
    OPENAI_BASE_URL: model.baseUrl,
    DEFAULT_MODEL: 'scripted',
    LIMIT_STREAMS_PER_USER: '100000',
    LIMIT_SOCKETS_PER_USER: '100000',
    LOG_LEVEL: 'warn',
  }
  async function start(settings: Environment) {
    const server = await startServerProcess(torture.folder, { ...common, ...settings }, (stop) => running.add(stop))
    servers.push(server)
    return server
  }
  try {
    const figure = await scenario({ ...torture, model, faults, start })
    const log = servers.map((server) => server.output()).join('')
    return { figure: `seed ${torture.seed}: ${figure}, ${faults.length} faults`, faults, log }
  } finally {
    await Promise.all([...running].map((stop) => stop()))
    await model.close()
  }
}

/** Settings that point to a new, empty database on Postgres. */
export async function newDatabase({ postgresUrl, databasePrefix }: Torture): Promise<Environment> {
  if (postgresUrl === null) throw new Error('There is no Postgres')
  const name = `${databasePrefix}_${randomUUID()}`
  const client = new pg.Client(postgresUrl)
  await client.connect()
  await client.query(`CREATE DATABASE "${name}"`)
  await client.end()
  const url = new URL(postgresUrl)
  url.pathname = name
  return { DATABASE_URL: url.href }
}

/** Settings that point to a new folder for the embedded database. */
export async function newDataFolder({ folder }: Torture): Promise<Environment> {
  return { DATA_DIR: await mkdtemp(join(folder, 'data-')) }
}

/** The middle one of them, and the largest, as text. */
export function spread(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b)
  const [median = 0, largest = 0] = [sorted[Math.floor(sorted.length / 2)], sorted.at(-1)]
  return `median ${Math.round(median)} ms, at most ${Math.round(largest)} ms`
}

import { randomUUID } from 'node:crypto'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { inject } from 'vitest'
import { startApp } from '../../src/app.ts'
import { readSettings } from '../../src/config.ts'
import {
  type Environment,
  type ServerProcess,
  serverDefaults,
  startServerProcess,
  webSocketUrl,
} from './server-process.ts'

export type { Environment, ServerProcess } from './server-process.ts'

export interface Server {
  readonly url: string
  readonly wsUrl: string
  close(): Promise<void>
}

const running = new Set<() => Promise<unknown>>()

/** Stops the servers that a test file has left running. */
export async function stopServers(): Promise<void> {
  await Promise.all([...running].map((stop) => stop()))
}

/** Returns settings for a new, migrated database of this project's kind. Several servers with these settings share it. */
export async function freshDatabase(): Promise<Environment> {
  const postgres = inject('postgres')
  if (inject('database') === 'pglite' || postgres === null) {
    return { DATA_DIR: await mkdtemp(join(inject('folder'), 'data-')) }
  }
  const name = `${postgres.template}_${randomUUID()}`
  const client = new pg.Client(postgres.url)
  await client.connect()
  await client.query(`CREATE DATABASE "${name}" TEMPLATE "${postgres.template}"`)
  await client.end()
  const url = new URL(postgres.url)
  url.pathname = name
  return { DATABASE_URL: url.href }
}

/** Starts a server in this process, on a database of its own unless the settings name one, and waits until it can serve. */
export async function startServer(settings: Environment = {}): Promise<Server> {
  const app = await startApp(readSettings(await environment(settings)))
  async function close() {
    running.delete(close)
    await app.close()
  }
  running.add(close)
  await app.ready
  return { url: app.url, wsUrl: webSocketUrl(app.url), close }
}

/** Starts a server as a separate process. Rejects with its exit and its output if it exits before it is ready. */
export async function spawnServer(settings: Environment = {}, before: readonly string[] = []): Promise<ServerProcess> {
  return startServerProcess(inject('folder'), await environment(settings), (stop) => running.add(stop), before)
}

async function environment(settings: Environment): Promise<Environment> {
  const namesDatabase = 'DATABASE_URL' in settings || 'DATA_DIR' in settings
  return { ...serverDefaults, ...(namesDatabase ? {} : await freshDatabase()), ...settings }
}

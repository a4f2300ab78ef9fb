import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { freePort } from './free-port.ts'
import { findProgram } from './program.ts'

// Postgres refuses to run as root.
const nobody = 65_534
export const postgresIdentity = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {}
const attempts = 3

const settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '300',
  lc_messages: 'C',
  // With this time zone, code that reads or writes a time without its zone gets wrong results.
  timezone: 'Asia/Kolkata',
}

export interface Postgres {
  /** The URL of the administrator. */
  url: string
  stop(): Promise<void>
  /** Shuts the server down so that it can start again: `fast` in good order, `immediate` as in a crash. */
  goDown(mode: 'fast' | 'immediate'): Promise<void>
  comeUp(): Promise<void>
  /** Suspends all processes of the server, while their connections stay open. */
  pause(): void
  resume(): void
}

/** Starts a Postgres on a free port, with its data in a temporary folder; null if the programs are missing. */
export async function startPostgres(more: Record<string, string> = {}): Promise<Postgres | null> {
  const initdb = findProgram('initdb')
  const program = findProgram('postgres')
  if (initdb === null || program === null) return null

  const folder = await mkdtemp(join(tmpdir(), 'antiphon-postgres-'))
  if (postgresIdentity.uid !== undefined) await chown(folder, postgresIdentity.uid, postgresIdentity.gid)
  const dataDir = join(folder, 'data')
  const options = ['-D', dataDir, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync']
  await promisify(execFile)(initdb, options, { cwd: '/', ...postgresIdentity })

  // Postgres cannot choose a port itself, so another process may take the one found here before it binds it.
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const port = await freePort()
    const start = () => launch(program, dataDir, { ...settings, ...more, port: `${port}` })
    const server = await start()
    if (server) return handle(server, start, folder, port)
  }
  throw new Error(`${program} did not start in ${attempts} attempts`)
}

async function launch(program: string, dataDir: string, set: Record<string, string>): Promise<ChildProcess | null> {
  const options = Object.entries(set).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const server = spawn(program, ['-D', dataDir, ...options], {
    cwd: '/',
    stdio: ['ignore', 'ignore', 'pipe'],
    ...postgresIdentity,
  })
  for await (const line of createInterface({ input: server.stderr })) {
    if (!line.includes('ready to accept connections')) continue
    server.stderr.resume()
    return server
  }
  return null
}

function handle(
  first: ChildProcess,
  start: () => Promise<ChildProcess | null>,
  folder: string,
  port: number,
): Postgres {
  let server: ChildProcess | null = first
  const killAtExit = () => server?.kill('SIGQUIT')
  process.once('exit', killAtExit)

  async function end(signal: 'SIGINT' | 'SIGQUIT') {
    if (server === null) return
    const exited = once(server, 'exit')
    server.kill(signal)
    await exited
    server = null
  }

  function signalAll(signal: 'SIGSTOP' | 'SIGCONT') {
    const pids = server?.pid === undefined ? [] : [server.pid, ...childrenOf(server.pid)]
    for (const pid of pids) process.kill(pid, signal)
  }

  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    async stop() {
      process.off('exit', killAtExit)
      // The shutdown is immediate, because nobody needs this data again.
      await end('SIGQUIT')
      await rm(folder, { recursive: true })
    },
    goDown: (mode) => end(mode === 'fast' ? 'SIGINT' : 'SIGQUIT'),
    async comeUp() {
      // Another process may use the port for a moment.
      for (let attempt = 1; server === null && attempt <= attempts; attempt++) server = await start()
      if (server === null) throw new Error('Postgres did not come up again')
    },
    pause: () => signalAll('SIGSTOP'),
    resume: () => signalAll('SIGCONT'),
  }
}

/** The ids of the child processes, on Linux. */
function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
}

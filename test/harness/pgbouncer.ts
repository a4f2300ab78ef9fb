import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort } from './free-port.ts'
import { postgresIdentity } from './postgres.ts'
import { findProgram } from './program.ts'

const attempts = 3

export interface Pgbouncer {
  /** The URL of the database, through the pooler. */
  url: string
  stop(): Promise<void>
}

/** Starts a PgBouncer on a free port, not as root, which PgBouncer refuses; null if the program is missing. */
export async function startPgbouncer(postgresUrl: string, mode: 'session' | 'transaction'): Promise<Pgbouncer | null> {
  const program = findProgram('pgbouncer')
  if (program === null) return null
  const folder = await mkdtemp(join(tmpdir(), 'antiphon-pgbouncer-'))
  if (postgresIdentity.uid !== undefined) await chown(folder, postgresIdentity.uid, postgresIdentity.gid)
  const url = new URL(postgresUrl)
  const file = join(folder, 'pgbouncer.ini')
  // PgBouncer cannot choose a port itself, so another process may take the one found here before it binds it.
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const port = await freePort()
    await writeFile(
      file,
      `[databases]
* = host=${url.hostname} port=${url.port} user=${url.username}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = ${mode}
`,
    )
    const server = await launch(program, file)
    url.port = `${port}`
    if (server) return handle(server, url.href, folder)
  }
  throw new Error(`${program} did not start in ${attempts} attempts`)
}

async function launch(program: string, file: string): Promise<ChildProcess | null> {
  const server = spawn(program, [file], { cwd: '/', stdio: ['ignore', 'ignore', 'pipe'], ...postgresIdentity })
  for await (const line of createInterface({ input: server.stderr })) {
    if (!line.includes('process up')) continue
    server.stderr.resume()
    return server
  }
  return null
}

function handle(server: ChildProcess, url: string, folder: string): Pgbouncer {
  const killAtExit = () => server.kill('SIGKILL')
  process.once('exit', killAtExit)
  return {
    url,
    async stop() {
      process.off('exit', killAtExit)
      const exited = once(server, 'exit')
      server.kill('SIGKILL')
      await exited
      await rm(folder, { recursive: true })
    },
  }
}

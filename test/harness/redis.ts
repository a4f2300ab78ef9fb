import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { freePort } from './free-port.ts'
import { findProgram } from './program.ts'

const nobody = 65_534
const attempts = 3

export interface Redis {
  url: string
  stop(): Promise<void>
}

/** Starts a Redis on a free port that stores nothing on disk; null if the program is missing. */
export async function startRedis(): Promise<Redis | null> {
  const program = findProgram('redis-server')
  if (program === null) return null
  // Redis cannot choose a port itself, so another process may take the one found here before Redis binds it.
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const port = await freePort()
    const redis = await launch(program, port)
    if (redis) return handle(redis, port)
  }
  throw new Error(`${program} did not start in ${attempts} attempts`)
}

async function launch(program: string, port: number): Promise<ChildProcess | null> {
  const redis = spawn(program, ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], {
    cwd: '/',
    stdio: ['ignore', 'pipe', 'ignore'],
    ...(process.getuid?.() === 0 && { uid: nobody, gid: nobody }),
  })
  for await (const line of createInterface({ input: redis.stdout })) {
    if (!line.includes('Ready to accept connections')) continue
    redis.stdout.resume()
    return redis
  }
  return null
}

function handle(redis: ChildProcess, port: number): Redis {
  const killAtExit = () => redis.kill('SIGKILL')
  process.once('exit', killAtExit)
  return {
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      process.off('exit', killAtExit)
      const exited = once(redis, 'exit')
      redis.kill('SIGKILL')
      await exited
    },
  }
}

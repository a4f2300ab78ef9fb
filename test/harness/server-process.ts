import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

export type Environment = Record<string, string>

export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
}

export interface ServerProcess {
  readonly url: string
  readonly wsUrl: string
  readonly pid: number
  readonly exited: Promise<Exit>
  /** Everything that it wrote to stdout and stderr. */
  output(): string
  kill(signal: NodeJS.Signals): Promise<Exit>
}

const bundle = join(import.meta.dirname, '../../.build/main.js')

/** The settings of a server in the tests, unless the test sets them. */
export const serverDefaults: Environment = {
  HOST: '127.0.0.1',
  PORT: '0',
  LOG_LEVEL: 'silent',
  DRAIN_MS: '0',
  LIMIT_REQUESTS_PER_MINUTE: '1000000',
}

/**
 * Starts a server as a separate process. Rejects with its exit and its output if it exits before it is ready. `onStart` is
 * called at once with a function that ends it. `before` is a command that starts it.
 */
export async function startServerProcess(
  folder: string,
  settings: Environment,
  onStart: (stop: () => Promise<Exit>) => void = () => {},
  before: readonly string[] = [],
): Promise<ServerProcess> {
  const [program, ...parameters] = [...before, process.execPath, '--enable-source-maps', bundle]
  const child = spawn(program as string, parameters, {
    // The folder is not the repository, which may contain a .env file of the developer.
    cwd: folder,
    env: { PATH: process.env['PATH'], ...serverDefaults, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = exitOf(child)
  onStart(() => {
    child.kill('SIGKILL')
    return exited
  })
  return serverOf(child, exited)
}

export async function exitOf(child: ChildProcess): Promise<Exit> {
  const [code, signal] = await once(child, 'close')
  return { code, signal }
}

/** Returns the server that this process is, or that it starts, when the server has reported its address. */
export async function serverOf(child: ChildProcess, exited: Promise<Exit>): Promise<ServerProcess> {
  const { output, address } = listenTo(child)
  const refused = exited.then(({ code, signal }) => {
    throw new Error(`The server exited with ${code ?? signal}: ${output()}`)
  })
  const url = await Promise.race([address, refused])
  function kill(signal: NodeJS.Signals) {
    child.kill(signal)
    return exited
  }
  return { url, wsUrl: webSocketUrl(url), pid: child.pid as number, exited, output, kill }
}

export function webSocketUrl(url: string): string {
  return `${url.replace(/^http/, 'ws')}/graphql`
}

function listenTo({ stdout, stderr }: ChildProcess) {
  let output = ''
  const address = new Promise<string>((resolve) => {
    const read = (text: string) => {
      output += text
      const found = /http:\/\/(?:127\.0\.0\.1|localhost):\d+(?=\/?\s)/.exec(output)
      if (found) resolve(found[0])
    }
    stdout?.setEncoding('utf8').on('data', read)
    stderr?.setEncoding('utf8').on('data', read)
  })
  return { output: () => output, address }
}

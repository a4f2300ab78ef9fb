import { fork } from 'node:child_process'
import { once } from 'node:events'

export interface Child {
  readonly url: string
  /** User and system time of all its threads since it was started. */
  cpuSeconds(): Promise<number>
  stop(): Promise<void>
}

export interface ChildOptions {
  args?: string[]
  execArgv?: string[]
  env?: Record<string, string>
  cwd?: string
}

// Runs in the child: tells its own CPU time, which is finer than what the system tells others and the same everywhere,
// and lives no longer than its parent. Unreferenced, as the child must be able to end by itself.
const meter = `
  process.on('message', () => process.send(process.cpuUsage()))
  process.on('disconnect', () => process.exit())
  process.channel.unref()`

/** Starts a program for Node that prints its address when it is ready. Rejects when it exits before; why is on stderr. */
export async function startChild(path: string, { args, execArgv, env, cwd }: ChildOptions = {}): Promise<Child> {
  const child = fork(path, args, {
    execArgv: [...(execArgv ?? []), '--import', `data:text/javascript,${encodeURIComponent(meter)}`],
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    ...(cwd === undefined ? {} : { cwd }),
  })
  const exited = once(child, 'close')
  let output = ''
  const ready = new Promise<string>((resolve) => {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text
      const port = /http:\/\/(?:127\.0\.0\.1|localhost):(\d+)\/?\s/.exec(output)?.[1]
      if (port) resolve(`http://127.0.0.1:${port}`)
    })
  })
  const failed = exited.then(([code, signal]) => {
    throw new Error(`${path} exited with ${code ?? signal}`)
  })
  failed.catch(() => {}) // Whoever uses it later finds out by their own means.
  const url = await Promise.race([ready, failed])

  return {
    url,
    async cpuSeconds() {
      const told = once(child, 'message')
      child.send('cpu')
      const [{ user, system }] = (await Promise.race([told, failed])) as [NodeJS.CpuUsage]
      return (user + system) / 1e6
    },
    async stop() {
      child.kill('SIGTERM')
      await exited
    },
  }
}

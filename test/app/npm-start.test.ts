import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test } from 'vitest'
import { createPerson, endOf, readTo } from '../harness/person.ts'
import { canMakeNamespaces, inNamespace } from '../harness/process-namespace.ts'
import { type Environment, freshDatabase } from '../harness/server.ts'
import { exitOf, serverDefaults, serverOf } from '../harness/server-process.ts'
import { chunks, done, finish, gate, startScriptedUpstream } from '../harness/upstream.ts'

const repository = join(import.meta.dirname, '../..')
const upstream = await startScriptedUpstream()
const children: ChildProcess[] = []
afterAll(() => upstream.close())

// With all that they started, which are their process groups.
afterEach(() => {
  for (const { pid } of children.splice(0)) if (pid !== undefined) killGroup(pid, 'SIGKILL')
})

function killGroup(pid: number, signal: NodeJS.Signals) {
  try {
    process.kill(-pid, signal)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

async function npmStart(settings: Environment, before: string[] = []) {
  const [program = '', ...parameters] = [...before, 'npm', 'start']
  const child = spawn(program, parameters, {
    cwd: repository,
    detached: true,
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      // So the developer's .env is not read.
      NODE_ENV: 'production',
      AUTH_DEV: 'allow',
      ...serverDefaults,
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  return serverOf(child, exitOf(child))
}

async function onlyChildOf(pid: number): Promise<number> {
  const [child] = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ')
  return Number(child)
}

/** Alice watches an answer at a server of `npm start` while that is stopped, and it finishes within DRAIN_MS. */
async function finishesWhileStopped(stop: (pid: number) => unknown, before: string[] = []) {
  const settings = { OPENAI_BASE_URL: upstream.baseUrl, DRAIN_MS: '30000', ...(await freshDatabase()) }
  const server = await npmStart(settings, before)
  const hold = gate()
  upstream.reply(...chunks('A mo'), hold.wait, ...chunks('le.'), finish('stop'), done())
  const viewer = createPerson(server.url, 'alice').start('a key', 'What digs?')
  await readTo('A mo', viewer)
  await stop(server.pid)
  await expect.poll(() => fetch(`${server.url}/readyz`).then(({ status }) => status)).toBe(503)
  hold.open()
  // Stored before announced.
  expect(endOf(await viewer.rest()).status).toBe('COMPLETED')
  expect(await server.exited).toEqual({ code: 0, signal: null })
  await expect(fetch(`${server.url}/livez`)).rejects.toThrow()
}

test('a SIGTERM to `npm start` lets the answers finish, and ends it with 0', () =>
  finishesWhileStopped((pid) => process.kill(pid, 'SIGTERM')))

test('a Ctrl-C, which a terminal sends to npm and to the server, is one signal', () =>
  finishesWhileStopped((pid) => killGroup(pid, 'SIGINT')))

// It takes a system and a user that can make them; the end of the run names it where they cannot.
test.skipIf(!canMakeNamespaces())(
  'a SIGTERM to `npm start` as process 1 lets the answers finish, and ends it with 0',
  () => finishesWhileStopped(async (pid) => process.kill(await onlyChildOf(pid), 'SIGTERM'), inNamespace),
)

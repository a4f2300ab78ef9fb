import { fileURLToPath } from 'node:url'
import { Pool } from 'undici'
import { callOnce } from './caller.ts'
import { type Child, startChild } from './child.ts'
import type { Database, Settings } from './database.ts'
import { modelOf } from './model-answer.ts'
import { askModel } from './model-client.ts'
import type { Ask } from './reading.ts'
import { openViewer } from './viewer.ts'

/** What a workload plays on. What it starts here ends with it. */
export interface Stage {
  readonly databases: readonly Database[]
  readonly reps: number
  /** how many streams `log-cost` holds */
  readonly streams: number
  startModelServer(): Promise<Child>
  startHandRelay(modelUrl: string): Promise<Child>
  startBytePipe(modelUrl: string): Promise<Child>
  /** With its settings alone, as `npm start` does. */
  startAntiphon(settings: Settings): Promise<Child>
  /** As people run it in production, on an empty database, in front of the model server. */
  startLoadable(database: Database, modelUrl: string): Promise<Child>
  openViewers(url: string, count: number, options: { store: boolean }): Promise<Ask[]>
  openReaders(modelUrl: string, count: number): Ask[]
  /** Who wait for the whole answer. */
  openCallers(url: string, count: number): Ask[]
  clear(): Promise<void>
}

export interface StageOptions {
  databases: Database[]
  reps: number
  streams: number
  /** the working folder of the servers, where no .env lies */
  folder: string
  /** Where the servers leave a profile of their CPU time; null for none. */
  profileFolder: string | null
}

const bundle = fileURLToPath(import.meta.resolve('../../.build/main.js'))
const modelServer = fileURLToPath(import.meta.resolve('./model-server.ts'))
const bytePipe = fileURLToPath(import.meta.resolve('./byte-pipe.ts'))
const handRelay = fileURLToPath(import.meta.resolve('./hand-relay.ts'))
const typescript = ['--import', import.meta.resolve('tsx')]

export function createStage({ folder, profileFolder, ...options }: StageOptions): Stage {
  const profiling = profileFolder === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`]
  const closings: (() => unknown)[] = []

  async function start(...program: Parameters<typeof startChild>): Promise<Child> {
    const child = await startChild(...program)
    closings.push(() => child.stop())
    return child
  }

  function startAntiphon(settings: Settings) {
    const env = { HOST: '127.0.0.1', PORT: '0', LOG_LEVEL: 'warn', DRAIN_MS: '0', ...settings }
    return start(bundle, { execArgv: ['--enable-source-maps', ...profiling], cwd: folder, env })
  }

  return {
    ...options,
    startModelServer: () => start(modelServer, { execArgv: typescript }),
    startHandRelay: (modelUrl) => start(handRelay, { execArgv: typescript, args: [modelUrl] }),
    startBytePipe: (modelUrl) => start(bytePipe, { execArgv: typescript, args: [modelUrl] }),
    startAntiphon,
    async startLoadable(database, modelUrl) {
      return startAntiphon({
        NODE_ENV: 'production',
        AUTH_DEV: 'allow',
        OPENAI_BASE_URL: `${modelUrl}/v1`,
        LIMIT_REQUESTS_PER_MINUTE: '1000000',
        LIMIT_STREAMS_PER_USER: '1000000',
        LIMIT_SOCKETS_PER_USER: '1000000',
        ...(await database.fresh()),
      })
    },
    async openViewers(url, count, { store }) {
      const viewers = await Promise.all(Array.from({ length: count }, () => openViewer(url, { store })))
      closings.push(() => viewers.map((viewer) => viewer.close()))
      return viewers.map(({ ask }) => ask)
    },
    openReaders(modelUrl, count) {
      const pool = new Pool(modelUrl)
      closings.push(() => pool.close())
      const ask: Ask = ({ shape, question, take }) => askModel(pool, modelOf(shape), question, take)
      return Array.from({ length: count }, () => ask)
    },
    openCallers(url, count) {
      const pool = new Pool(url, { connections: count })
      closings.push(() => pool.close())
      return Array.from({ length: count }, () => (reading) => callOnce(pool, reading))
    },
    async clear() {
      for (const close of closings.splice(0).reverse()) await close()
    },
  }
}

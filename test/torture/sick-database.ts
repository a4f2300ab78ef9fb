import { Transform } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import type { Postgres } from '../harness/postgres.ts'
import { startProxy } from '../harness/proxy.ts'
import type { Dice } from './dice.ts'

/** A database that something happens to, and what the servers are to call it. */
export interface SickDatabase {
  url: string
  /** Resolves when it is well again. */
  suffer(dice: Dice): Promise<void>
  close(): Promise<void>
}

export type Sickness = (postgres: Postgres) => Promise<SickDatabase>

const outageMs = 2_000
const kills = 6

async function asAdministrator<Result>({ url }: Postgres, work: (client: pg.Client) => Promise<Result>) {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

const terminateOthers = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND application_name LIKE 'antiphon%'`

function of(postgres: Postgres, suffer: SickDatabase['suffer']): SickDatabase {
  return { url: postgres.url, suffer, close: async () => {} }
}

async function killedBackends(postgres: Postgres): Promise<SickDatabase> {
  return of(postgres, (dice) =>
    asAdministrator(postgres, async (client) => {
      for (let kill = 0; kill < kills; kill++) {
        await client.query(terminateOthers)
        await delay(dice.whole(50, 500))
      }
    }),
  )
}

function stopped(mode: 'fast' | 'immediate'): Sickness {
  return async (postgres) =>
    of(postgres, async () => {
      await postgres.goDown(mode)
      await delay(outageMs)
      await postgres.comeUp()
    })
}

/** Others take each connection that there is. */
async function exhausted(postgres: Postgres): Promise<SickDatabase> {
  return of(postgres, async () => {
    const others: pg.Client[] = []
    const connect = async () => {
      const client = new pg.Client(postgres.url)
      client.on('error', () => {})
      await client.connect()
      others.push(client)
      return client
    }
    const first = await connect()
    const endMs = performance.now() + outageMs
    while (performance.now() < endMs) {
      await first.query(terminateOthers)
      // Until the server takes no more.
      while (await connect().catch(() => null));
      await delay(50)
    }
    await Promise.all(others.map((client) => client.end()))
  })
}

/** Statements arrive and are done, but the word that they are is lost. */
async function unheard(postgres: Postgres): Promise<SickDatabase> {
  let isDeaf = false
  const passOn = () => new Transform({ transform: (bytes, _encoding, done) => done(null, isDeaf ? undefined : bytes) })
  const proxy = await startProxy(postgres.url, passOn)
  async function suffer(dice: Dice) {
    for (let kill = 0; kill < kills; kill++) {
      isDeaf = true
      await delay(dice.whole(20, 150))
      proxy.cut()
      proxy.mend()
      isDeaf = false
      await delay(dice.whole(50, 400))
    }
  }
  return { url: proxy.url, suffer, close: proxy.close }
}

export const sicknesses: Record<string, Sickness> = {
  'backends-killed': killedBackends,
  'stopped-in-good-order': stopped('fast'),
  'stopped-as-in-a-crash': stopped('immediate'),
  'connections-exhausted': exhausted,
  'answers-unheard': unheard,
}

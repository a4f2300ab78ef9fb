import { createHash } from 'node:crypto'
import { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { PrismaPg } from '@prisma/adapter-pg'
import type { SqlMigrationAwareDriverAdapterFactory as MigrationAdapter } from '@prisma/driver-adapter-utils'
import pg from 'pg'
import type { Driver } from './driver.ts'
import { withStoreErrors } from './error.ts'
import { createPipeline, createPipelines } from './postgres-pipeline.ts'

/** For Prisma: of a transaction each has one to itself. */
const poolConnections = 5
/** For single statements. */
const pipelines = 6
// Together two seconds, in which a caller is to hear that the database cannot serve.
const connectTimeoutMs = 1_500
const checkTimeoutMs = 500
const queryTimeoutMs = 10_000
// A peer that vanished without a word is noticed some ten seconds later.
const keepAliveDelayMs = 10_000
// Saying goodbye waits for an answer, which a server that is silent never gives.
const goodbyeMs = 1_000
// Any number that nothing else in the database locks.
const migrationLock = 7_105_822_433

const int8 = 20

/** Connects when first asked something, so an unreachable server is the caller's news, not the opener's. */
export function openPostgres(url: string): Driver {
  const sockets = createSockets()
  const limits = { query_timeout: queryTimeoutMs, stream: sockets.open }
  const pool = createPool(url, { max: poolConnections, ...limits })
  const options = { ...connectionOptions(url), ...limits }
  const statements = createPipelines(options, pipelines, connectTimeoutMs)
  const alone = createPipeline(options)
  const nameOf = createStatementNames()
  let isNamed = true

  async function named(
    text: string,
    values: readonly unknown[],
    run: (query: pg.QueryConfig) => Promise<pg.QueryResult>,
  ) {
    try {
      return (await run({ text, values: [...values], name: isNamed ? nameOf(text) : undefined })).rows
    } catch (error) {
      if (!isNamed || !isLostName(error)) throw error
      // Behind a pooler in transaction mode the name stands in another session. Nothing was done yet.
      isNamed = false
      return (await run({ text, values: [...values] })).rows
    }
  }

  return {
    kind: 'postgres',
    folder: null,
    adapter: new PrismaPg(pool),
    query: (text, values = []) => named(text, values, (query) => statements.query(query)),
    send: (text, values, onSent) => named(text, values, (query) => alone.query(query, onSent)),
    async check() {
      // query_timeout holds for a single query too; the types do not know it.
      await pool.query({ text: 'SELECT 1', query_timeout: checkTimeoutMs } as pg.QueryConfig)
    },
    exclusively: (work) => exclusively(url, work),
    async close() {
      const goodbyes = Promise.all([pool.end(), statements.close(), alone.close()])
      await Promise.race([goodbyes, delay(goodbyeMs, undefined, { ref: false })])
      sockets.destroy()
    },
  }
}

// Named statements are parsed and planned once a session, which is most of what a short one costs. The name tells the
// text: a pooler may give us a session in which another process has named its own.
function createStatementNames(): (text: string) => string {
  const names = new Map<string, string>()
  return (text) => {
    const name = names.get(text) ?? `antiphon_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`
    names.set(text, name)
    return name
  }
}

/** A prepared statement that is not there, or there already. */
function isLostName(error: unknown): boolean {
  return error instanceof pg.DatabaseError && (error.code === '26000' || error.code === '42P05')
}

function createSockets() {
  const sockets = new Set<Socket>()
  return {
    open() {
      const socket = new Socket()
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
      return socket
    },
    destroy() {
      for (const socket of sockets) socket.destroy()
    },
  }
}

function connectionOptions(url: string): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: 'antiphon',
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveDelayMs,
    types: { getTypeParser: (oid, format) => (oid === int8 ? parseInt8 : pg.types.getTypeParser(oid, format)) },
  }
}

function createPool(url: string, options: pg.PoolConfig) {
  const pool = new pg.Pool({
    ...connectionOptions(url),
    // Prisma's adapter writes and reads times without their zone: right only where the session's is UTC.
    onConnect: async (client) => {
      // Where we are gone without a word, the server gives up what a transaction holds.
      await client.query(`SET TIME ZONE 'UTC'; SET idle_in_transaction_session_timeout = ${2 * queryTimeoutMs}`)
    },
    ...options,
  })
  // Prisma's adapter hands back a connection whose ROLLBACK was never sent, since what came before it got no answer. What
  // is asked on it next would be part of that transaction, which nobody commits.
  pool.on('release', (_error, client) => {
    if (client.getTransactionStatus() !== 'I') void client.end()
  })
  // Without a listener, the loss of an idle connection would end the process. The next query says what is the matter.
  pool.on('error', () => {})
  return pool
}

function parseInt8(text: string) {
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : BigInt(text)
}

/**
 * Runs the work while no other replica runs its own. The schema engine locks too, but only while it applies, not while
 * we look. It is a lock of the transaction, because poolers hand sessions around.
 */
async function exclusively<T>(url: string, work: (adapter: MigrationAdapter) => Promise<T>): Promise<T> {
  const pool = createPool(url, { max: 2 })
  try {
    const holder = await withStoreErrors(lockForMigration(pool))
    try {
      return await work(withWholeScripts(new PrismaPg(pool)))
    } finally {
      // Ends the transaction with the connection, also when that is broken.
      holder.release(true)
    }
  } finally {
    await pool.end()
  }
}

async function lockForMigration(pool: pg.Pool) {
  const holder = await pool.connect()
  // Its loss would end the process; what the work asks next finds out.
  holder.on('error', () => {})
  try {
    await holder.query('BEGIN')
    await holder.query('SET LOCAL idle_in_transaction_session_timeout = 0')
    await holder.query('SELECT pg_advisory_xact_lock($1)', [migrationLock])
    return holder
  } catch (error) {
    holder.release(true)
    throw error
  }
}

/** Prisma's adapter cuts a script at every semicolon, in texts and comments too. Postgres takes it whole, or not at all. */
function withWholeScripts(factory: PrismaPg): MigrationAdapter {
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connectToShadowDb: () => factory.connectToShadowDb(),
    async connect() {
      const adapter = await factory.connect()
      adapter.executeScript = async (sql) => {
        await adapter.executeRaw({ sql, args: [], argTypes: [] })
      }
      return adapter
    },
  }
}

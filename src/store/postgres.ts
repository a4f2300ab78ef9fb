import { createHash } from 'node:crypto'
import { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { PrismaPg } from '@prisma/adapter-pg'
import type { SqlMigrationAwareDriverAdapterFactory as MigrationAdapter } from '@prisma/driver-adapter-utils'
import type pg from 'pg'
import type { Driver } from './driver.ts'
import { withStoreErrors } from './error.ts'
import { createPipeline, createPipelines } from './postgres-pipeline.ts'
import { connectionOptions, createPool } from './postgres-pool.ts'
import { createReader } from './postgres-reader.ts'
import type { SessionLimits } from './session-settings.ts'

/** For Prisma: of a transaction each has one to itself. */
const poolConnections = 5
/** For single statements. */
const pipelines = 6
const checkTimeoutMs = 500
// Whoever stands behind one that waits for a lock and then waits for it, too, hears of it within two seconds.
const lockTimeoutMs = 900
/** How long a connection may be silent before others are asked, or nobody. */
const patienceMs = 1_500
const queryTimeoutMs = 10_000
// The server gives up first. A statement that only its client has given up would keep its connection, and the locks that it
// waits for, while another connection takes its place.
const statementTimeoutMs = 9_500
// Saying goodbye waits for an answer, which a server that is silent never gives.
const goodbyeMs = 1_000
// Any number that nothing else in the database locks.
const migrationLock = 7_105_822_433

/** Somebody waits for what is asked in these sessions. */
const served: SessionLimits = {
  statementMs: statementTimeoutMs,
  lockMs: lockTimeoutMs,
  // Where we are gone without a word, the server gives up what a transaction holds.
  idleTransactionMs: 2 * queryTimeoutMs,
}
/** Nobody waits here: what cannot be done now is repeated. */
const unhurried: SessionLimits = { ...served, lockMs: null }
/** A migration takes as long as the tables are large. */
const migrating: SessionLimits = { statementMs: null, lockMs: null, idleTransactionMs: null }

/** Connects when first asked something, so an unreachable server is the caller's news, not the opener's. */
export function openPostgres(url: string): Driver {
  const sockets = createSockets()
  const limits = { query_timeout: queryTimeoutMs, stream: sockets.open }
  const connection = { ...connectionOptions(url, served), ...limits }
  const pool = createPool({ ...connection, max: poolConnections }, renew)
  const statements = createPipelines(connection, pipelines, { patienceMs, onReadOnly: renew })
  const unhurriedConnection = { ...connectionOptions(url, unhurried), ...limits }
  const alone = createPipeline(unhurriedConnection, { patienceMs: Infinity, onReadOnly: renew })
  const nameOf = createStatementNames()

  const cancel = (pid: number) => statements.query({ text: 'SELECT pg_cancel_backend($1)', values: [pid] })
  const reader = createReader(connection, cancel, renew)

  // The name of the server may stand for another one by now, which takes writes.
  function renew() {
    for (const part of [pool, statements, alone, reader]) part.renew()
  }

  const named = (text: string, values: readonly unknown[]) => ({ text, values: [...values], name: nameOf(text) })
  const query: Driver['query'] = async (text, values = []) => (await statements.query(named(text, values))).rows

  return {
    kind: 'postgres',
    folder: null,
    adapter: new PrismaPg(pool.connections),
    query,
    // Postgres keeps no room on its disk that a session could ask for.
    queryEnding: query,
    send: async (text, values, onSent) => (await alone.query(named(text, values), onSent)).rows,
    read: reader.read,
    async check() {
      const text = `SELECT current_setting('transaction_read_only') = 'on' AS "isReadOnly"`
      // query_timeout holds for a single query too; the types do not know it.
      const query = { text, query_timeout: checkTimeoutMs } as pg.QueryConfig
      const { rows } = await pool.connections.query<{ isReadOnly: boolean }>(query)
      if (!rows[0]?.isReadOnly) return 'WRITABLE'
      renew()
      return 'READ_ONLY'
    },
    exclusively: (work) => exclusively(url, work),
    async close() {
      const goodbyes = Promise.all([pool.connections.end(), statements.close(), alone.close(), reader.close()])
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

/**
 * Runs the work while no other replica runs its own. The schema engine locks too, but only while it applies, not while
 * we look. It is a lock of the transaction, because poolers hand sessions around.
 */
async function exclusively<T>(url: string, work: (adapter: MigrationAdapter) => Promise<T>): Promise<T> {
  const { connections: pool } = createPool({ ...connectionOptions(url, migrating), max: 2 }, () => {})
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

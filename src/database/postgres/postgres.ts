import { createHash } from 'node:crypto'
import { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import type { Driver } from '../driver.ts'
import type { SessionLimits } from '../session-settings.ts'
import { createPostgresAdapter } from './postgres-adapter.ts'
import { createLockGuard } from './postgres-lock-guard.ts'
import { exclusively } from './postgres-migration.ts'
import { createPipeline, createPipelines } from './postgres-pipeline.ts'
import { connectionOptions, createPool } from './postgres-pool.ts'
import { createReader } from './postgres-reader.ts'
import { createSessionStart } from './postgres-session.ts'
import type { PostgresSettings } from './postgres-url.ts'

/** For Prisma: of a transaction each has one to itself. */
const poolConnections = 5
/** For single statements. */
const pipelines = 6
const checkTimeoutMs = 500
// Whoever stands behind one that waits for a lock and then waits for it, too, hears of it within two seconds.
const lockTimeoutMs = 700
/** How long a connection may be silent before others are asked, or nobody. */
const patienceMs = 1_500
const queryTimeoutMs = 10_000
// The server gives up first. A statement that only its client has given up would keep its connection, and the locks that it
// waits for, while another connection takes its place.
const statementTimeoutMs = 9_500
// Saying goodbye waits for an answer, which a server that is silent never gives.
const goodbyeMs = 1_000

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
export function openPostgres(settings: PostgresSettings): Driver {
  const sockets = createSockets()
  const unlimited = connectionOptions(settings)
  const connection = { ...unlimited, query_timeout: queryTimeoutMs, stream: sockets.open }
  const begin = createSessionStart({ schema: settings.schema, another: () => new pg.Client(connection) })
  const pool = createPool({ ...connection, max: poolConnections }, begin(served), renew)
  const statements = createPipelines(connection, pipelines, { begin: begin(served), patienceMs, onReadOnly: renew })
  const alone = createPipeline(connection, { begin: begin(unhurried), patienceMs: Infinity, onReadOnly: renew })
  const nameOf = createStatementNames()

  const cancel = (pid: number) => statements.query({ text: 'SELECT pg_cancel_backend($1)', values: [pid] })
  const reader = createReader(connection, begin(served), cancel, renew)

  // The name of the server may stand for another one by now, which takes writes.
  function renew() {
    for (const part of [pool, statements, alone, reader]) part.renew()
  }

  const named = (text: string, values: readonly unknown[]) => ({ text, values: [...values], name: nameOf(text) })
  const guard = createLockGuard()
  const query: Driver['query'] = async (text, values = []) => {
    const config = named(text, values)
    return (await guard(config.name, () => statements.query(config))).rows
  }

  return {
    kind: 'postgres',
    folder: null,
    adapter: createPostgresAdapter(pool.connections),
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
    exclusively(work) {
      const { connections } = createPool({ ...unlimited, max: 2 }, begin(migrating), () => {})
      return exclusively(connections, settings.schema, work)
    },
    async close() {
      const goodbyes = Promise.all([pool.connections.end(), statements.close(), alone.close(), reader.close()])
      await Promise.race([goodbyes, delay(goodbyeMs, undefined, { ref: false })])
      sockets.destroy()
    },
  }
}

// Named statements are parsed and planned once a session, which is most of what a short one costs.
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

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

/** Connections for Prisma; each transaction uses one of them alone. */
const poolConnections = 5
/** Connections for single statements. */
const pipelines = 6
const checkTimeoutMs = 500
// A caller that waits behind a statement that waits for a lock, and then waits for the lock itself, gets its error within two
// seconds.
const lockTimeoutMs = 700
/** How long a connection may be silent before statements go to other connections or, if none answers, fail. */
const patienceMs = 1_500
const queryTimeoutMs = 10_000
// The server gives up first. A statement that only the client has given up would keep its connection and its request for a
// lock, while another connection takes its place.
const statementTimeoutMs = 9_500
// Closing a connection waits for an answer, which a server that hangs never sends.
const goodbyeMs = 1_000

/** For sessions with statements that a caller waits for. */
const served: SessionLimits = {
  statementMs: statementTimeoutMs,
  lockMs: lockTimeoutMs,
  // If we disappear without closing the connection, the server releases what the transaction holds.
  idleTransactionMs: 2 * queryTimeoutMs,
}
/** For a session with statements that nobody waits for: what cannot be done now is repeated. */
const unhurried: SessionLimits = { ...served, lockMs: null }
/** The duration of a migration depends on the size of the tables. */
const migrating: SessionLimits = { statementMs: null, lockMs: null, idleTransactionMs: null }

/**
 * Connects at the first statement, so its caller gets the error if the server is unreachable, and not the caller of this
 * function.
 */
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

  // The server's name may now refer to another server, which accepts writes.
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
    // A session of Postgres has no reserved disk space that it could ask for.
    queryEnding: query,
    send: async (text, values, onSent) => (await alone.query(named(text, values), onSent)).rows,
    read: reader.read,
    async check() {
      const text = `SELECT current_setting('transaction_read_only') = 'on' AS "isReadOnly"`
      // query_timeout works for a single query, too; it is missing in the types.
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

// Parsing and planning is most of the cost of a short statement, and is done once per session for a named one.
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

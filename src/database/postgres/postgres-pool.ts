import pg from 'pg'
import { readOnly } from '../error.ts'
import type { BeginSession } from './postgres-session.ts'
import type { PostgresSettings } from './postgres-url.ts'

export interface Pool {
  readonly connections: pg.Pool
  /** Closes all connections; those that are in use are closed when they are returned to the pool. */
  renew(): void
}

// Together with the steps after it, this takes two seconds, within which a caller should learn that the database cannot serve.
const connectTimeoutMs = 1_500
// A peer that has disappeared without closing the connection is noticed about ten seconds later.
const keepAliveDelayMs = 10_000
const int8 = 20

export function connectionOptions({ connectionString, ssl }: PostgresSettings): pg.ClientConfig {
  return {
    connectionString,
    ssl,
    application_name: 'antiphon',
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveDelayMs,
    types: { getTypeParser: (oid, format) => (oid === int8 ? parseInt8 : pg.types.getTypeParser(oid, format)) },
  }
}

function parseInt8(text: string) {
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : BigInt(text)
}

/** `onReadOnly` is called when the server says that it accepts no writes. */
export function createPool(options: pg.PoolConfig, begin: BeginSession, onReadOnly: () => void): Pool {
  const connections = new pg.Pool({ ...options, onConnect: (client) => begin(client) })
  const open = new Set<pg.PoolClient>()
  const idle = new Set<pg.PoolClient>()
  const stale = new WeakSet<pg.PoolClient>()

  connections.on('connect', (client) => {
    open.add(client)
    client.connection.on('errorMessage', (error: pg.DatabaseError) => error.code === readOnly && onReadOnly())
  })
  connections.on('acquire', (client) => idle.delete(client))
  connections.on('release', (_error, client) => {
    idle.add(client)
    // If a statement in a transaction gets no answer, Prisma's adapter returns the connection to the pool without sending a
    // ROLLBACK. The next statement on it would be part of that transaction, which nobody commits.
    if (client.getTransactionStatus() !== 'I' || stale.has(client)) void client.end()
  })
  connections.on('remove', (client) => {
    open.delete(client)
    idle.delete(client)
  })
  // Without a listener, the loss of an idle connection would end the process. The next query reports the problem.
  connections.on('error', () => {})

  return {
    connections,
    renew() {
      for (const client of open) {
        // The pool notices that an idle connection is lost, and removes it.
        if (idle.has(client)) client.connection.stream.destroy()
        else stale.add(client)
      }
    },
  }
}

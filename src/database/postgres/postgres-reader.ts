import type pg from 'pg'
import { createPool } from './postgres-pool.ts'
import type { BeginSession } from './postgres-session.ts'

/** The reader has its own connections, so that other statements never wait for a long read. */
const connections = 4
/** How long a read waits for a connection while others are reading. */
const patienceMs = 1_500
const statementMs = 2_000

/** For reads that may take long. Each has a connection to itself, and ends when its signal aborts, in the database, too. */
export interface Reader {
  read<Row>(text: string, values: readonly unknown[], signal: AbortSignal): Promise<Row[]>
  /** See Pool. */
  renew(): void
  close(): Promise<void>
}

// These limits are stricter than the session's, and apply only to this transaction.
const begin = `BEGIN READ ONLY; SET LOCAL statement_timeout = ${statementMs}; SET LOCAL jit = off`

/** `cancel` cancels the current statement of the backend with this process id. See createPool for `onReadOnly`. */
export function createReader(
  options: pg.PoolConfig,
  beginSession: BeginSession,
  cancel: (pid: number) => Promise<unknown>,
  onReadOnly: () => void,
): Reader {
  const pool = createPool(
    { ...options, max: connections, connectionTimeoutMillis: patienceMs },
    beginSession,
    onReadOnly,
  )

  async function readWith<Row>(
    client: pg.PoolClient,
    text: string,
    values: readonly unknown[],
    signal: AbortSignal,
  ): Promise<Row[]> {
    await client.query(begin)
    const { rows: own } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    // If the statement cannot be cancelled, its time limit ends it.
    const giveUp = () => {
      for (const { pid } of own) cancel(pid).catch(() => {})
    }
    signal.addEventListener('abort', giveUp, { once: true })
    try {
      signal.throwIfAborted()
      // The statement has no name, so it is planned for these values and for the current tables.
      const { rows } = await client.query(text, [...values])
      await client.query('COMMIT')
      return rows
    } finally {
      signal.removeEventListener('abort', giveUp)
    }
  }

  return {
    async read(text, values, signal) {
      signal.throwIfAborted()
      const client = await pool.connections.connect()
      try {
        const rows = await readWith<never>(client, text, values, signal)
        client.release(signal.aborted)
        return rows
      } catch (error) {
        // Closing the connection ends its transaction, and a cancellation that arrives too late has no effect.
        client.release(true)
        throw signal.aborted ? signal.reason : error
      }
    },
    renew: pool.renew,
    close: () => pool.connections.end(),
  }
}

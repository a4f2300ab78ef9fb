import type pg from 'pg'
import { createPool } from './postgres-pool.ts'
import type { BeginSession } from './postgres-session.ts'

/** Of its own, so that what others ask never waits for a long read. */
const connections = 4
/** Behind others who read. */
const patienceMs = 1_500
const statementMs = 2_000

/** For reads that may take long: each has a connection to itself and ends, in the database too, when its signal aborts. */
export interface Reader {
  read<Row>(text: string, values: readonly unknown[], signal: AbortSignal): Promise<Row[]>
  /** As the pool's. */
  renew(): void
  close(): Promise<void>
}

// Stricter than the session's, and for this transaction alone.
const begin = `BEGIN READ ONLY; SET LOCAL statement_timeout = ${statementMs}; SET LOCAL jit = off`

/** `cancel` makes the backend of this process id give up what it does; `onReadOnly` as the pool's. */
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
    // Where it cannot be cancelled, its time limit ends it.
    const giveUp = () => {
      for (const { pid } of own) cancel(pid).catch(() => {})
    }
    signal.addEventListener('abort', giveUp, { once: true })
    try {
      signal.throwIfAborted()
      // Without a name, and so with a plan that is made for these values and for the tables as they are now.
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
        // With it goes its transaction, and a cancellation that comes too late.
        client.release(true)
        throw signal.aborted ? signal.reason : error
      }
    },
    renew: pool.renew,
    close: () => pool.connections.end(),
  }
}

import type { SqlMigrationAwareDriverAdapterFactory as MigrationAdapter } from '@prisma/driver-adapter-utils'
import pg from 'pg'
import { withStoreErrors } from '../error.ts'
import { createPostgresAdapter } from './postgres-adapter.ts'

// This is an arbitrary number that nothing else in the database locks.
const migrationLock = 7_105_822_433

/**
 * Runs the work while no other replica runs such work, in the schema, which is created if it is missing. The schema engine has
 * a lock, too, but holds it only while it applies migrations and not while we check which are missing. Closes the pool, which
 * needs two connections.
 */
export async function exclusively<T>(
  pool: pg.Pool,
  schema: string | null,
  work: (adapter: MigrationAdapter) => Promise<T>,
): Promise<T> {
  try {
    const holder = await withStoreErrors(lockForMigration(pool))
    try {
      if (schema !== null) await withStoreErrors(makeSchema(pool, schema))
      return await work(createPostgresAdapter(pool))
    } finally {
      // Closing the connection ends the transaction, even if the connection is broken.
      holder.release(true)
    }
  } finally {
    await pool.end()
  }
}

async function lockForMigration(pool: pg.Pool) {
  const holder = await pool.connect()
  // Without a listener, the loss of the connection would end the process. The next statement of the work detects the loss.
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

async function makeSchema(pool: pg.Pool, schema: string) {
  const name = pg.escapeIdentifier(schema)
  // CREATE SCHEMA IF NOT EXISTS requires the right to create a schema, even if the schema exists.
  const { rows } = await pool.query('SELECT FROM pg_namespace WHERE nspname = $1', [schema])
  if (rows.length === 0) await pool.query(`CREATE SCHEMA ${name}`)
}

import type { SqlMigrationAwareDriverAdapterFactory as MigrationAdapter } from '@prisma/driver-adapter-utils'
import pg from 'pg'
import { withStoreErrors } from '../error.ts'
import { createPostgresAdapter } from './postgres-adapter.ts'

// Any number that nothing else in the database locks.
const migrationLock = 7_105_822_433

/**
 * Runs the work while no other replica runs its own, in the schema, which is made where it is missing. The schema engine
 * locks too, but only while it applies, not while we look. Ends the pool, which needs two connections.
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

async function makeSchema(pool: pg.Pool, schema: string) {
  const name = pg.escapeIdentifier(schema)
  // IF NOT EXISTS takes the right to create one, also where there is one.
  const { rows } = await pool.query('SELECT FROM pg_namespace WHERE nspname = $1', [schema])
  if (rows.length === 0) await pool.query(`CREATE SCHEMA ${name}`)
}

import type { Driver } from './driver.ts'
import { StoreError } from './error.ts'
import { type MigrationFile, readMigrations } from './migration-files.ts'

type Database = Pick<Driver, 'query' | 'check' | 'exclusively'>

interface AppliedMigration {
  name: string
  checksum: string
  finished: boolean
}

/**
 * Applies the pending migrations and returns their names. If several replicas start together, each migration is applied once.
 * Rejects with StoreError NEWER_DATABASE or MIGRATION if a person has to act.
 */
export async function migrate(database: Database): Promise<{ applied: string[] }> {
  const migrations = await readMigrations()
  // Usually nothing is pending: then one read is enough, and the schema engine is not loaded.
  const before = await appliedMigrations(database)
  if (isCurrent(before, migrations)) return { applied: [] }
  await refuseRestricted(database, before, migrations)

  return database.exclusively(async (adapter) => {
    const applied = await appliedMigrations(database)
    refuseForeign(applied, migrations)
    if (isCurrent(applied, migrations)) return { applied: [] }
    const { applyMigrations } = await import('./schema-engine.ts')
    try {
      return { applied: await applyMigrations(adapter, migrations) }
    } catch (error) {
      // The engine's error does not distinguish a lost connection from a wrong statement.
      const state = await database.check()
      if (state === 'READ_ONLY') throw new StoreError('UNAVAILABLE', 'the database is read-only', error)
      throw new StoreError('MIGRATION', `a migration failed: ${withoutTrace(error)}`, error)
    }
  })
}

/** Lets the next `migrate` apply the failed migrations again. */
export async function forgetFailedMigrations(database: Database): Promise<void> {
  await database.query(
    'UPDATE _prisma_migrations SET rolled_back_at = now() WHERE finished_at IS NULL AND rolled_back_at IS NULL',
  )
}

function isCurrent(applied: AppliedMigration[], migrations: MigrationFile[]) {
  const finished = new Map(applied.map(({ name, checksum, finished }) => [name, finished && checksum]))
  return applied.length === migrations.length && migrations.every((file) => finished.get(file.name) === file.checksum)
}

// The role that created the table of migrations also created the other tables, and only their owner may change them.
const mayMigrateSql = `
  SELECT current_user AS role,
    coalesce(has_schema_privilege(current_schema(), 'CREATE'), has_database_privilege(current_database(), 'CREATE'))
    AND coalesce((SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('_prisma_migrations')), true)
    AS "mayMigrate"`

/** Refuses before anything is applied: a migration that began and was then denied a right would have to be undone by hand. */
async function refuseRestricted(database: Database, applied: AppliedMigration[], migrations: MigrationFile[]) {
  const [right] = await database.query<{ role: string; mayMigrate: boolean }>(mayMigrateSql)
  const names = new Set(applied.map(({ name }) => name))
  const pending = migrations.filter(({ name }) => !names.has(name))
  if (right?.mayMigrate !== false || pending.length === 0) return
  const missing = `${pending.length} ${pending.length === 1 ? 'migration is' : 'migrations are'} missing`
  throw new StoreError(
    'MIGRATION',
    `DATABASE_URL: ${missing} from ${pending[0]?.name} on, and the role ${right.role} may not apply them: ` +
      'run `npm run migrate` as the role that owns the tables',
  )
}

/** Call it only while the lock is held: without the lock, another replica may still be applying an unfinished migration. */
function refuseForeign(applied: AppliedMigration[], migrations: MigrationFile[]) {
  const files = new Map(migrations.map((file) => [file.name, file]))
  for (const { name, checksum, finished } of applied) {
    const file = files.get(name)
    if (!file) {
      throw new StoreError('NEWER_DATABASE', `the database has the migration ${name} of a newer version: run that one`)
    }
    if (!finished) {
      const advice = 'undo by hand what it left, if anything, then `npm run migrate -- --retry`'
      throw new StoreError('MIGRATION', `the migration ${name} failed or was cut off: ${advice}`)
    }
    if (file.checksum !== checksum) {
      throw new StoreError('MIGRATION', `the migration ${name} was edited after the database had applied it: undo that`)
    }
  }
}

async function appliedMigrations(database: Database): Promise<AppliedMigration[]> {
  const [table] = await database.query<{ found: boolean }>(
    `SELECT to_regclass('_prisma_migrations') IS NOT NULL AS found`,
  )
  if (!table?.found) return []
  return database.query<AppliedMigration>(
    `SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS finished
       FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY started_at`,
  )
}

function withoutTrace(error: unknown) {
  const [text] = String(error instanceof Error ? error.message : error).split('\n   0: ')
  return text
}

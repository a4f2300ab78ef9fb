import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { PGlite } from '@electric-sql/pglite'
import { readEnvironment } from '../src/config.ts'
import { openDatabase } from '../src/database/database.ts'
import { forgetFailedMigrations, migrate } from '../src/database/migrate.ts'
import { migrationsFolder } from '../src/database/migration-files.ts'
import { inProcessDriver } from '../src/database/pglite/pglite-driver.ts'
import { diffToSchema } from '../src/database/schema-engine.ts'

try {
  const { name, retry } = parseArgs({ options: { name: { type: 'string' }, retry: { type: 'boolean' } } }).values
  console.log(name === undefined ? await apply(retry) : await author(name))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

async function apply(retry = false) {
  const database = await openDatabase(readEnvironment())
  try {
    if (retry) await forgetFailedMigrations(database)
    const { applied } = await migrate(database)
    return applied.length === 0 ? 'nothing is pending' : `applied ${applied.join(', ')}`
  } finally {
    await database.close()
  }
}

/** Writes a new migration with the changes of schema.prisma that the migrations do not have yet. */
async function author(name: string) {
  if (!/^[a-z0-9_]+$/.test(name)) throw new Error('--name takes lower-case letters, digits and _, such as add_x')
  const pglite = await PGlite.create()
  const driver = await inProcessDriver(pglite)
  await migrate(driver)
  const sql = await driver.exclusively(diffToSchema)
  await pglite.close()
  if (sql === '') return 'schema.prisma and the migrations agree'

  const timestamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14)
  const folder = join(migrationsFolder, `${timestamp}_${name}`)
  await mkdir(folder)
  await writeFile(join(folder, 'migration.sql'), sql)
  return `wrote ${folder}`
}

import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** The package's folder, from which files are read at run time. It is the same for src and for the bundle in .build. */
export const packageRoot = rootAbove(import.meta.dirname)

export const migrationsFolder = join(packageRoot, 'prisma', 'migrations')

export interface MigrationFile {
  name: string
  sql: string
  /** In the form that Prisma stores in _prisma_migrations. */
  checksum: string
}

export async function readMigrations(): Promise<MigrationFile[]> {
  const entries = await readdir(migrationsFolder, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  return Promise.all(names.sort().map(readMigration))
}

async function readMigration(name: string): Promise<MigrationFile> {
  const sql = await readFile(join(migrationsFolder, name, 'migration.sql'), 'utf8')
  return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
}

function rootAbove(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : rootAbove(dirname(folder))
}

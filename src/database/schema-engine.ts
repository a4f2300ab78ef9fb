import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import {
  bindMigrationAwareSqlAdapterFactory,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils'
import type { MigrationList, SchemaEngine } from '@prisma/schema-engine-wasm'
import { type MigrationFile, migrationsFolder, packageRoot } from './migration-files.ts'

type Factory = SqlMigrationAwareDriverAdapterFactory

const schemaPath = join(packageRoot, 'prisma', 'schema.prisma')
const filters = { externalTables: [], externalEnums: [] }

/** Applies the migrations that the database does not have yet, and returns their names. */
export async function applyMigrations(adapter: Factory, migrations: MigrationFile[]): Promise<string[]> {
  const engine = await startEngine(adapter)
  const { appliedMigrationNames } = await engine.applyMigrations({ migrationsList: listOf(migrations), filters })
  return appliedMigrationNames
}

/** Returns the SQL that changes the current database to schema.prisma; empty if they agree. It is not for Postgres. */
export async function diffToSchema(adapter: Factory): Promise<string> {
  const files = [{ path: schemaPath, content: await readFile(schemaPath, 'utf8') }]
  const engine = await startEngine(adapter)
  const { exitCode, stdout } = await engine.diff({
    from: { tag: 'schemaDatasource', files, configDir: packageRoot },
    to: { tag: 'schemaDatamodel', files },
    script: true,
    exitCode: true,
    filters,
  })
  return exitCode === 0 ? '' : (stdout ?? '')
}

async function startEngine(adapter: Factory): Promise<SchemaEngine> {
  loading ??= loadEngine()
  const { SchemaEngine } = await loading
  const schema = await readFile(schemaPath, 'utf8')
  return SchemaEngine.new(
    { datamodels: [[schemaPath, schema]] },
    () => {},
    bindMigrationAwareSqlAdapterFactory(adapter),
  )
}

// It is loaded once, because the bindings keep views of the memory that they were first given.
let loading: ReturnType<typeof loadEngine> | undefined

/**
 * The package's entry imports its .wasm file as a module, which Node 20 does not support, so the module is instantiated here.
 */
async function loadEngine() {
  const bindings = await import('@prisma/schema-engine-wasm/schema_engine_bg')
  const script = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg')
  const bytes = await readFile(script.replace(/\.js$/, '.wasm'))
  const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': { ...bindings } })
  bindings.__wbg_set_wasm(instance.exports)
  const { __wbindgen_start: start } = instance.exports
  if (typeof start === 'function') start()
  return bindings
}

function listOf(migrations: MigrationFile[]): MigrationList {
  return {
    baseDir: migrationsFolder,
    lockfile: { path: './migration_lock.toml', content: 'provider = "postgresql"\n' },
    shadowDbInitScript: '',
    migrationDirectories: migrations.map(({ name, sql }) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: sql } },
    })),
  }
}

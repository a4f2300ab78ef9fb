import { PGlite } from '@electric-sql/pglite'
import pg from 'pg'
import { openDatabase } from '../../src/database/database.ts'
import { migrate } from '../../src/database/migrate.ts'
import { inProcessDriver } from '../../src/database/pglite/pglite-driver.ts'
import type { ColumnKind } from '../../src/database/statement.ts'
import { emptyPostgres } from './empty-database.ts'

interface Field {
  name: string
  dataTypeID: number
}

/**
 * A migrated database that prepares a statement, without running it, and returns its columns, or null if it returns no rows.
 */
export interface Preparing {
  prepare(text: string): Promise<Record<string, ColumnKind | string> | null>
  close(): Promise<void>
}

const kinds: Record<string, ColumnKind> = {
  uuid: 'text',
  text: 'text',
  int4: 'number',
  int8: 'number',
  float4: 'number',
  float8: 'number',
  bool: 'boolean',
  timestamptz: 'time',
  json: 'json',
  jsonb: 'json',
}

const typesSql = 'SELECT oid::int, typname AS name, typcategory AS category FROM pg_type'

interface Type {
  oid: number
  name: string
  category: string
}

/** A type that no column should have is returned by its name. */
function kindOf({ name, category }: Type): string {
  if (category === 'E') return 'text'
  return category === 'A' ? 'list' : (kinds[name] ?? name)
}

function describeBy(types: readonly Type[]) {
  const names = new Map(types.map((type) => [type.oid, kindOf(type)]))
  return (fields: readonly Field[]) =>
    fields.length === 0
      ? null
      : Object.fromEntries(fields.map((field) => [field.name, names.get(field.dataTypeID) ?? '']))
}

export async function preparingPglite(): Promise<Preparing> {
  const pglite = await PGlite.create()
  await migrate(await inProcessDriver(pglite))
  const columnsOf = describeBy((await pglite.query<Type>(typesSql)).rows)
  return {
    prepare: async (text) => columnsOf((await pglite.describeQuery(text)).resultFields),
    close: () => pglite.close(),
  }
}

export async function preparingPostgres(): Promise<Preparing> {
  const settings = await emptyPostgres()
  const database = await openDatabase(settings)
  await migrate(database)
  await database.close()
  const client = new pg.Client(settings.databaseUrl)
  await client.connect()
  const columnsOf = describeBy((await client.query<Type>(typesSql)).rows)
  return {
    prepare: async (text) => columnsOf(await fieldsOf(client, text)),
    close: () => client.end(),
  }
}

/** Uses the Describe message of the protocol, for which pg has no function. */
function fieldsOf(client: pg.Client, text: string): Promise<Field[]> {
  return new Promise((resolve, reject) => {
    let fields: Field[] = []
    let failure: Error | undefined
    const description = {
      submit(connection: pg.Connection) {
        connection.parse({ name: '', text, types: [] }, true)
        connection.describe({ type: 'S', name: '' }, true)
        connection.sync()
      },
      handleRowDescription(message: { fields: Field[] }) {
        fields = message.fields
      },
      handleError(error: Error) {
        failure = error
      },
      handleReadyForQuery() {
        if (failure === undefined) resolve(fields)
        else reject(failure)
      },
    }
    client.query(description as pg.Submittable)
  })
}

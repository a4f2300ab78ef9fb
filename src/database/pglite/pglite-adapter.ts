import type { PGlite, QueryOptions } from '@electric-sql/pglite'
import type {
  IsolationLevel,
  SqlDriverAdapter,
  SqlMigrationAwareDriverAdapterFactory,
  SqlQueryable,
  Transaction,
} from '@prisma/driver-adapter-utils'
import { PrismaPGlite } from 'pglite-prisma-adapter'
import { type Parsers, parseValue } from './pglite-parsers.ts'
import type { PgliteSession, Told } from './pglite-session.ts'

/**
 * Uses only the conversions of the package's adapter. Statements, transactions and scripts are sent to our session, because the
 * package does not support a PGlite in another thread.
 */
export function createPgliteAdapter(session: PgliteSession): SqlMigrationAwareDriverAdapterFactory {
  const identity = { provider: 'postgres', adapterName: 'pglite' } as const

  async function connect(): Promise<SqlDriverAdapter> {
    const run: Told['run'] = (statement) => session.alone((told) => told.run(statement))
    const statements = await connectStatements(run, session.parsers)
    return {
      ...identity,
      queryRaw: (query) => statements.queryRaw(query),
      executeRaw: (query) => statements.executeRaw(query),
      executeScript: (script) => session.alone(({ runScript }) => runScript(script)),
      startTransaction: (isolationLevel) => startTransaction(session, isolationLevel),
      getConnectionInfo: () => ({ supportsRelationJoins: true }),
      dispose: async () => {},
    }
  }

  return { ...identity, connect, connectToShadowDb: connect }
}

/** PGlite has one session, so all other callers wait until commit or rollback. */
async function startTransaction(session: PgliteSession, isolationLevel?: IsolationLevel): Promise<Transaction> {
  const { run, runScript, end } = await session.begin(isolationLevel ? `ISOLATION LEVEL ${isolationLevel}` : '')
  const statements = await connectStatements(run, session.parsers)
  return {
    provider: 'postgres',
    adapterName: 'pglite',
    // With this option, Prisma sends no COMMIT or ROLLBACK of its own.
    options: { usePhantomQuery: true },
    queryRaw: (query) => statements.queryRaw(query),
    executeRaw: (query) => statements.executeRaw(query),
    createSavepoint: (name) => runScript(`SAVEPOINT ${name}`),
    rollbackToSavepoint: (name) => runScript(`ROLLBACK TO SAVEPOINT ${name}`),
    releaseSavepoint: (name) => runScript(`RELEASE SAVEPOINT ${name}`),
    commit: () => end('COMMIT'),
    rollback: () => end('ROLLBACK'),
  }
}

function connectStatements(run: Told['run'], parsers: Parsers): Promise<SqlQueryable> {
  async function query(text: string, values: unknown[], options: QueryOptions) {
    const { names, types, texts, affectedCount } = await run({ text, values, isKept: false })
    const parsersHere = { ...parsers, ...options.parsers }
    return {
      fields: names.map((name, index) => ({ name, dataTypeID: types[index] ?? 0 })),
      rows: texts.map((row) => row.map((value, index) => parseValue(value, types[index] ?? 0, parsersHere))),
      affectedRows: affectedCount,
    }
  }
  // The package calls only this method of PGlite for its statements.
  return new PrismaPGlite({ query } as unknown as PGlite).connect()
}

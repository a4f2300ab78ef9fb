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
 * The package's adapter, for its conversions alone: statements, transactions and scripts are told to our session, since the
 * package knows no PGlite in another thread.
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

/** PGlite has one session: until commit or rollback everybody else waits. */
async function startTransaction(session: PgliteSession, isolationLevel?: IsolationLevel): Promise<Transaction> {
  const { run, runScript, end } = await session.begin(isolationLevel ? `ISOLATION LEVEL ${isolationLevel}` : '')
  const statements = await connectStatements(run, session.parsers)
  return {
    provider: 'postgres',
    adapterName: 'pglite',
    // Prisma sends no COMMIT or ROLLBACK of its own then.
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
  // The package calls nothing else of PGlite for its statements.
  return new PrismaPGlite({ query } as unknown as PGlite).connect()
}

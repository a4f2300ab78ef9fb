import type { PGlite } from '@electric-sql/pglite'
import type {
  IsolationLevel,
  SqlDriverAdapter,
  SqlMigrationAwareDriverAdapterFactory,
  Transaction,
} from '@prisma/driver-adapter-utils'
import { PrismaPGlite } from 'pglite-prisma-adapter'

/**
 * The package's adapter, for its conversions, with transactions and scripts of our own: it sets the isolation level
 * before the transaction begins, and does not wait for a script.
 */
export function createPgliteAdapter(pglite: PGlite): SqlMigrationAwareDriverAdapterFactory {
  const identity = { provider: 'postgres', adapterName: 'pglite' } as const

  async function connect(): Promise<SqlDriverAdapter> {
    const statements = await new PrismaPGlite(pglite).connect()
    return {
      ...identity,
      queryRaw: (query) => statements.queryRaw(query),
      executeRaw: (query) => statements.executeRaw(query),
      executeScript: async (script) => {
        await pglite.exec(script)
      },
      startTransaction: (isolationLevel) => startTransaction(pglite, isolationLevel),
      getConnectionInfo: () => ({ supportsRelationJoins: true }),
      dispose: async () => {},
    }
  }

  return { ...identity, connect, connectToShadowDb: connect }
}

/** PGlite has one connection: until commit or rollback everybody else waits. */
function startTransaction(pglite: PGlite, isolationLevel?: IsolationLevel): Promise<Transaction> {
  return new Promise((resolve, reject) => {
    const finished = pglite.transaction(async (tx) => {
      if (isolationLevel) await tx.exec(`SET TRANSACTION ISOLATION LEVEL ${isolationLevel}`)
      // A transaction has the query and exec that the package calls, and nothing else of PGlite is called.
      const statements = await new PrismaPGlite(tx as unknown as PGlite).connect()
      await new Promise<void>((end) => {
        resolve({
          provider: 'postgres',
          adapterName: 'pglite',
          // Prisma sends no COMMIT or ROLLBACK of its own then.
          options: { usePhantomQuery: true },
          queryRaw: (query) => statements.queryRaw(query),
          executeRaw: (query) => statements.executeRaw(query),
          createSavepoint: async (name) => void (await tx.exec(`SAVEPOINT ${name}`)),
          rollbackToSavepoint: async (name) => void (await tx.exec(`ROLLBACK TO SAVEPOINT ${name}`)),
          releaseSavepoint: async (name) => void (await tx.exec(`RELEASE SAVEPOINT ${name}`)),
          commit: async () => {
            end()
            await finished
          },
          rollback: async () => {
            await tx.rollback()
            end()
            await finished
          },
        })
      })
    })
    finished.catch(reject)
  })
}

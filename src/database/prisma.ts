import type { SqlDriverAdapter, SqlDriverAdapterFactory, SqlQueryable, Transaction } from '@prisma/driver-adapter-utils'
import { StoreError, toStoreError } from './error.ts'
import { PrismaClient } from './generated/client.ts'

// Prisma's code for a transaction that could not begin, or not end, within its time limit; it had no effect.
const transactionTimeout = 'P2028'

/**
 * A client whose operations reject with StoreErrors if the database is the cause. Prisma replaces errors that have a code by
 * its own and passes on the others, so the adapter throws a StoreError as the cause of a plain Error.
 */
export function createPrisma(adapter: SqlDriverAdapterFactory): PrismaClient {
  const prisma = new PrismaClient({ adapter: faultCarrying(adapter) })
  const extended = prisma.$extends({
    query: { $allOperations: ({ args, query }) => unpacked(query(args)) },
    client: {
      $transaction: (...parameters: Parameters<PrismaClient['$transaction']>) =>
        unpacked(prisma.$transaction(...parameters)),
    },
  })
  // The extension changes no signature, but an extended client has another type.
  return extended as unknown as PrismaClient
}

async function unpacked<T>(result: Promise<T>): Promise<T> {
  try {
    return await result
  } catch (error) {
    if (!(error instanceof Error)) throw error
    if (error.cause instanceof StoreError) throw error.cause
    if ('code' in error && error.code === transactionTimeout) throw new StoreError('UNAVAILABLE', error.message, error)
    throw error
  }
}

async function carried<T>(result: Promise<T>): Promise<T> {
  try {
    return await result
  } catch (error) {
    const known = toStoreError(error)
    throw known instanceof StoreError ? new Error(known.message, { cause: known }) : error
  }
}

function faultCarrying(factory: SqlDriverAdapterFactory): SqlDriverAdapterFactory {
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connect: async () => connection(await carried(factory.connect())),
  }
}

function connection(adapter: SqlDriverAdapter): SqlDriverAdapter {
  return {
    ...statements(adapter),
    executeScript: (script) => carried(adapter.executeScript(script)),
    startTransaction: async (isolationLevel) => transaction(await carried(adapter.startTransaction(isolationLevel))),
    getConnectionInfo: () => adapter.getConnectionInfo?.() ?? { supportsRelationJoins: true },
    dispose: () => adapter.dispose(),
  }
}

function transaction(inner: Transaction): Transaction {
  return {
    ...statements(inner),
    options: inner.options,
    commit: () => carried(inner.commit()),
    rollback: () => carried(inner.rollback()),
    createSavepoint: (name) => carried(Promise.resolve(inner.createSavepoint?.(name))),
    rollbackToSavepoint: (name) => carried(Promise.resolve(inner.rollbackToSavepoint?.(name))),
    releaseSavepoint: (name) => carried(Promise.resolve(inner.releaseSavepoint?.(name))),
  }
}

function statements(inner: SqlQueryable): SqlQueryable {
  return {
    provider: inner.provider,
    adapterName: inner.adapterName,
    queryRaw: (query) => carried(inner.queryRaw(query)),
    executeRaw: (query) => carried(inner.executeRaw(query)),
  }
}

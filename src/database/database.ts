import type { DatabaseState, Driver } from './driver.ts'
import { withStoreErrors } from './error.ts'
import type { PrismaClient } from './generated/client.ts'
import { openPglite } from './pglite/pglite.ts'
import { openPostgres } from './postgres/postgres.ts'
import type { PostgresSettings } from './postgres/postgres-url.ts'
import { createPrisma } from './prisma.ts'
import type { Statement } from './statement.ts'

export interface Query {
  <Row>(text: Statement<Row>, values?: readonly unknown[]): Promise<Row[]>
  /** Of SQL that is no Statement, nobody knows the rows. */
  (text: string, values?: readonly unknown[]): Promise<unknown[]>
}

export interface Database {
  readonly kind: Driver['kind']
  readonly folder: Driver['folder']
  /** Rejects with a StoreError where the database cannot serve or another writer was faster, else as Prisma does. */
  readonly prisma: PrismaClient
  /**
   * One statement, one round trip, outside Prisma. On PGlite it waits for the end of a transaction that is open, so
   * never await it inside one. JSON goes in as text.
   */
  query: Query
  /**
   * As `query`, on a connection that nothing else uses. `onSent` is called once the statement is on its way for good: it
   * will be done even if this process is killed. Where that cannot be told before its result, it is not called.
   */
  send<Row>(text: Statement<Row>, values: readonly unknown[], onSent: () => void): Promise<Row[]>
  /**
   * A statement that may take long, planned for its values, beside the others and not before them. When the signal aborts it
   * rejects with its reason, and is given up in the database, too. On PGlite it is done alone, so it must be short.
   */
  read<Row>(text: Statement<Row>, values: readonly unknown[], signal: AbortSignal): Promise<Row[]>
  /** As `query`, for what ends something that was begun: also done where the disk has no room for what is new. */
  queryEnding<Row>(text: Statement<Row>, values?: readonly unknown[]): Promise<Row[]>
  /** Rejects with StoreError UNAVAILABLE when the database cannot serve. */
  check(): Promise<DatabaseState>
  /** Runs the work while no other process runs its own; rejects with StoreError UNAVAILABLE, or as the work does. */
  exclusively: Driver['exclusively']
  close(): Promise<void>
}

/**
 * Postgres is not asked whether it is there: check does. PGlite rejects with StoreError LOCKED when it is taken.
 * `onProblem` is told in a sentence when the disk gets too full.
 */
export async function openDatabase(
  { postgres, dataDir }: { postgres: PostgresSettings | null; dataDir: string },
  onProblem: (problem: string) => void = () => {},
): Promise<Database> {
  const driver = postgres ? openPostgres(postgres) : await openPglite(dataDir, onProblem)
  const prisma = createPrisma(driver.adapter)

  return {
    kind: driver.kind,
    folder: driver.folder,
    prisma,
    query: <Row>(text: string, values?: readonly unknown[]) => withStoreErrors(driver.query<Row>(text, values)),
    send: (text, values, onSent) => withStoreErrors(driver.send(text, values, onSent)),
    read: (text, values, signal) => withStoreErrors(driver.read(text, values, signal)),
    queryEnding: (text, values) => withStoreErrors(driver.queryEnding(text, values)),
    check: () => withStoreErrors(driver.check()),
    exclusively: (work) => driver.exclusively(work),
    async close() {
      // Prisma waits for the end of a transaction, and a database that is silent ends none until its connections are closed.
      await Promise.all([prisma.$disconnect(), driver.close()])
    },
  }
}

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
  /** The row type is unknown for SQL that is not a Statement. */
  (text: string, values?: readonly unknown[]): Promise<unknown[]>
}

export interface Database {
  readonly kind: Driver['kind']
  readonly folder: Driver['folder']
  /**
   * Its operations reject with a StoreError if the database cannot serve or another writer was faster, else with Prisma's
   * errors.
   */
  readonly prisma: PrismaClient
  /**
   * Runs one statement in one round trip, outside Prisma. On PGlite it waits until an open transaction has ended, so never
   * await it inside a transaction. JSON values are passed as text.
   */
  query: Query
  /**
   * Like `query`, but on a connection that only `send` uses. `onSent` is called when the statement has been sent for good: it
   * is executed even if this process is killed. If that cannot be known before the result arrives, `onSent` is not called.
   */
  send<Row>(text: Statement<Row>, values: readonly unknown[], onSent: () => void): Promise<Row[]>
  /**
   * Runs a statement that may take long. It is planned for its values, and it runs beside other statements and does not delay
   * them. When the signal aborts, it rejects with the signal's reason and is cancelled in the database, too. PGlite executes
   * nothing else meanwhile, so there the statement must be short.
   */
  read<Row>(text: Statement<Row>, values: readonly unknown[], signal: AbortSignal): Promise<Row[]>
  /**
   * Like `query`, for a statement that ends something that was begun. It is executed even if the disk has no space for new
   * data.
   */
  queryEnding<Row>(text: Statement<Row>, values?: readonly unknown[]): Promise<Row[]>
  /** Rejects with StoreError UNAVAILABLE when the database cannot serve. */
  check(): Promise<DatabaseState>
  /**
   * Runs the work while no other process runs such work. Rejects with a StoreError such as UNAVAILABLE, or with the work's
   * error.
   */
  exclusively: Driver['exclusively']
  close(): Promise<void>
}

/**
 * Does not connect to Postgres yet; `check` does. For PGlite, rejects with StoreError LOCKED if another process uses the data
 * folder. `onProblem` is called with a sentence about the problem when the disk of the data folder gets too full.
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
      // Prisma waits for the end of its transactions. If the database does not answer, they end only when its connections are
      // closed.
      await Promise.all([prisma.$disconnect(), driver.close()])
    },
  }
}

import type { SqlDriverAdapterFactory, SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils'

/** READ_ONLY: for example, another server has replaced this one as the primary, or the disk of PGlite is full. */
export type DatabaseState = 'WRITABLE' | 'READ_ONLY'

/** What Postgres and PGlite each implement. `query` and `check` throw the errors of their libraries. */
export interface Driver {
  readonly kind: 'pglite' | 'postgres'
  /** A folder for files beside the database that only this process uses; null if there is none. */
  readonly folder: string | null
  /** For Prisma's client. */
  readonly adapter: SqlDriverAdapterFactory
  query<Row>(text: string, values?: readonly unknown[]): Promise<Row[]>
  /** See Database. */
  send<Row>(text: string, values: readonly unknown[], onSent: () => void): Promise<Row[]>
  read<Row>(text: string, values: readonly unknown[], signal: AbortSignal): Promise<Row[]>
  /** See Database. */
  queryEnding<Row>(text: string, values?: readonly unknown[]): Promise<Row[]>
  check(): Promise<DatabaseState>
  /** Runs the work while no other process runs such work. The adapter has no time limits. */
  exclusively<T>(work: (adapter: SqlMigrationAwareDriverAdapterFactory) => Promise<T>): Promise<T>
  close(): Promise<void>
}

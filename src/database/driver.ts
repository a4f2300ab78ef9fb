import type { SqlDriverAdapterFactory, SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils'

/** A primary that another has taken the place of takes no writes, and neither does one whose disk is full. */
export type DatabaseState = 'WRITABLE' | 'READ_ONLY'

/** What each of the two databases brings; query and check throw what its library throws. */
export interface Driver {
  readonly kind: 'pglite' | 'postgres'
  /** Where files can lie beside the database, for this process alone; null where there is no such place. */
  readonly folder: string | null
  /** For Prisma's client. */
  readonly adapter: SqlDriverAdapterFactory
  query<Row>(text: string, values?: readonly unknown[]): Promise<Row[]>
  /** As Database says. */
  send<Row>(text: string, values: readonly unknown[], onSent: () => void): Promise<Row[]>
  read<Row>(text: string, values: readonly unknown[], signal: AbortSignal): Promise<Row[]>
  /** As Database says. */
  queryEnding<Row>(text: string, values?: readonly unknown[]): Promise<Row[]>
  check(): Promise<DatabaseState>
  /** Runs the work while no other process runs its own, with an adapter that knows no time limits. */
  exclusively<T>(work: (adapter: SqlMigrationAwareDriverAdapterFactory) => Promise<T>): Promise<T>
  close(): Promise<void>
}

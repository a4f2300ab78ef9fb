import type { PGlite } from '@electric-sql/pglite'
import type { Driver } from '../driver.ts'
import { plannersChoice } from '../planner.ts'
import type { DiskWatch } from './disk.ts'
import { createPgliteAdapter } from './pglite-adapter.ts'
import { createPgliteStatements } from './pglite-statements.ts'

/** Without a folder it is in memory, where no disk is full. */
export function pgliteDriver(pglite: PGlite, folder: string | null = null, disk: DiskWatch | null = null): Driver {
  const adapter = createPgliteAdapter(pglite)
  const { query, write } = createPgliteStatements(pglite)

  return {
    kind: 'pglite',
    folder,
    adapter,
    query,
    send: query,
    read: (text, values, signal) =>
      pglite.transaction(async (transaction) => {
        // Whoever has left while others were served is not served.
        signal.throwIfAborted()
        await transaction.exec(plannersChoice)
        return (await transaction.query<never>(text, [...values])).rows
      }),
    async queryEnding(text, values) {
      // The session's transactions are read-only where there is room for endings alone.
      return disk?.room() === 'ENDINGS' ? write(text, values) : query(text, values)
    },
    async check() {
      await pglite.query('SELECT 1')
      return disk === null || disk.room() === 'ALL' ? 'WRITABLE' : 'READ_ONLY'
    },
    // The lock on the folder keeps other processes out.
    exclusively: (work) => work(adapter),
    close: () => pglite.close(),
  }
}

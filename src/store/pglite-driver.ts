import type { PGlite } from '@electric-sql/pglite'
import type { Driver } from './driver.ts'
import { createPgliteAdapter } from './pglite-adapter.ts'
import { createPreparedQuery } from './pglite-statements.ts'
import { plannersChoice } from './planner.ts'

export function pgliteDriver(pglite: PGlite, folder: string | null = null): Driver {
  const adapter = createPgliteAdapter(pglite)
  const query = createPreparedQuery(pglite)

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
    async check() {
      await pglite.query('SELECT 1')
      return 'WRITABLE'
    },
    // The lock on the folder keeps other processes out.
    exclusively: (work) => work(adapter),
    close: () => pglite.close(),
  }
}

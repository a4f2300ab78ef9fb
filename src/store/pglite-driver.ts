import type { PGlite } from '@electric-sql/pglite'
import type { Driver } from './driver.ts'
import { createPgliteAdapter } from './pglite-adapter.ts'

export function pgliteDriver(pglite: PGlite): Driver {
  const adapter = createPgliteAdapter(pglite)

  return {
    kind: 'pglite',
    adapter,
    async query<Row>(text: string, values: readonly unknown[] = []) {
      const { rows } = await pglite.query<Row>(text, [...values])
      return rows
    },
    async check() {
      await pglite.query('SELECT 1')
    },
    // The lock on the folder keeps other processes out.
    exclusively: (work) => work(adapter),
    close: () => pglite.close(),
  }
}

import type { PGlite } from '@electric-sql/pglite'
import type { Driver } from '../driver.ts'
import { plannersChoice } from '../planner.ts'
import type { DiskWatch } from './disk.ts'
import { createPgliteAdapter } from './pglite-adapter.ts'
import { connectPglite, type Rows, type Statement } from './pglite-connection.ts'
import { parseValue } from './pglite-parsers.ts'
import { openPgliteSession, type PgliteSession } from './pglite-session.ts'

/** `folder` is the driver's folder for other files. The free space of the disk is only considered if `disk` is given. */
export function pgliteDriver(session: PgliteSession, folder: string | null, disk: DiskWatch | null): Driver {
  const adapter = createPgliteAdapter(session)

  function rowsOf<Row>({ names, types, texts }: Rows): Row[] {
    const columns = names.map((name, index) => ({ name, type: types[index] ?? 0 }))
    return texts.map((row) => {
      const entries = columns.map(({ name, type }, index) => [
        name,
        parseValue(row[index] ?? null, type, session.parsers),
      ])
      return Object.fromEntries(entries) as Row
    })
  }

  const kept = (text: string, values: readonly unknown[]): Statement => ({ text, values, isKept: true })

  async function query<Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return rowsOf(await session.alone(({ run }) => run(kept(text, values))))
  }

  return {
    kind: 'pglite',
    folder,
    adapter,
    query,
    send: query,
    async read(text, values, signal) {
      const reading = session.inTransaction('', async ({ run, runScript }) => {
        // A caller that has left while it waited for its turn needs no result.
        signal.throwIfAborted()
        await runScript(plannersChoice)
        return run({ text, values, isKept: false })
      })
      return rowsOf(await unlessAborted(reading, signal))
    },
    async queryEnding(text, values = []) {
      // While there is only space for endings, the session's transactions are read-only by default.
      if (disk?.room() !== 'ENDINGS') return query(text, values)
      return rowsOf(await session.inTransaction('READ WRITE', ({ run }) => run(kept(text, values))))
    },
    async check() {
      await query('SELECT 1')
      return disk === null || disk.room() === 'ALL' ? 'WRITABLE' : 'READ_ONLY'
    },
    // The lock on the folder keeps other processes out.
    exclusively: (work) => work(adapter),
    close: session.close,
  }
}

/** A driver for a PGlite in this thread, for a process that does nothing else meanwhile, such as the build. */
export async function inProcessDriver(pglite: PGlite): Promise<Driver> {
  return pgliteDriver(await openPgliteSession(connectPglite(pglite)), null, null)
}

/** Rejects with the signal's reason when the signal aborts, and then ignores the result. */
function unlessAborted<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abandon = () => reject(signal.reason)
    signal.addEventListener('abort', abandon, { once: true })
    result.then(resolve, reject).finally(() => signal.removeEventListener('abort', abandon))
    if (signal.aborted) abandon()
  })
}

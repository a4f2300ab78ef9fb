import type { PgliteConnection } from './pglite-connection.ts'
import { type Parsers, readParsers } from './pglite-parsers.ts'

/** What may be told to the session by whoever has its turn. */
export type Told = Pick<PgliteConnection, 'run' | 'runScript'>

export interface PgliteTransaction extends Told {
  /** Once. */
  end(how: 'COMMIT' | 'ROLLBACK'): Promise<void>
}

/** The one session that PGlite has, which everybody shares. */
export interface PgliteSession {
  readonly parsers: Parsers
  /** Nobody else is served until the work is done. */
  alone<T>(work: (session: Told) => Promise<T>): Promise<T>
  /** Nobody else is served until its end. `modes` are those of BEGIN. */
  begin(modes: string): Promise<PgliteTransaction>
  /** As `alone`, in a transaction. */
  inTransaction<T>(modes: string, work: (session: Told) => Promise<T>): Promise<T>
  /** Waits for whoever came before, and rejects whoever comes later. */
  close(): Promise<void>
}

export async function openPgliteSession(connection: PgliteConnection): Promise<PgliteSession> {
  const parsers = await readParsers(connection)
  let last: Promise<unknown> = Promise.resolve()

  /** Resolves when all who came before have left. */
  async function enter(): Promise<() => void> {
    const before = last
    let leave = () => {}
    last = new Promise<void>((resolve) => {
      leave = resolve
    })
    await before
    return leave
  }

  async function alone<T>(work: (session: Told) => Promise<T>): Promise<T> {
    const leave = await enter()
    try {
      return await work(connection)
    } finally {
      leave()
    }
  }

  async function begin(modes: string): Promise<PgliteTransaction> {
    const leave = await enter()
    try {
      await connection.runScript(`BEGIN ${modes}`)
    } catch (error) {
      leave()
      throw error
    }
    return {
      run: connection.run,
      runScript: connection.runScript,
      async end(how) {
        try {
          await connection.runScript(how)
        } finally {
          leave()
        }
      },
    }
  }

  async function inTransaction<T>(modes: string, work: (session: Told) => Promise<T>): Promise<T> {
    const transaction = await begin(modes)
    let result: T
    try {
      result = await work(transaction)
    } catch (error) {
      await transaction.end('ROLLBACK')
      throw error
    }
    await transaction.end('COMMIT')
    return result
  }

  return { parsers, alone, begin, inTransaction, close: () => alone(() => connection.close()) }
}

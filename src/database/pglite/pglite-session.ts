import type { PgliteConnection } from './pglite-connection.ts'
import { type Parsers, readParsers } from './pglite-parsers.ts'

/** The methods of the session that a caller may use while it has its turn. */
export type Told = Pick<PgliteConnection, 'run' | 'runScript'>

export interface PgliteTransaction extends Told {
  /** Call it only once. */
  end(how: 'COMMIT' | 'ROLLBACK'): Promise<void>
}

/** The only session of PGlite, which all callers share. */
export interface PgliteSession {
  readonly parsers: Parsers
  /** Runs the work. No other caller is served until it is done. */
  alone<T>(work: (session: Told) => Promise<T>): Promise<T>
  /** Begins a transaction. No other caller is served until it ends. `modes` are those of BEGIN. */
  begin(modes: string): Promise<PgliteTransaction>
  /** Like `alone`, but in a transaction. */
  inTransaction<T>(modes: string, work: (session: Told) => Promise<T>): Promise<T>
  /** Closes the connection when all earlier callers are done. Later callers are rejected. */
  close(): Promise<void>
}

export async function openPgliteSession(connection: PgliteConnection): Promise<PgliteSession> {
  const parsers = await readParsers(connection)
  let last: Promise<unknown> = Promise.resolve()

  /** Resolves when all earlier callers have left, with the function that this caller has to call when it leaves. */
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

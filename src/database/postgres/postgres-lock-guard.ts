import pg from 'pg'
import { lockTimeout } from '../error.ts'

/** Asks the database, unless the statement of this name waits for a lock that others hold. */
export type LockGuard = <Result>(name: string, ask: () => Promise<Result>) => Promise<Result>

const isLockTimeout = (error: unknown) => error instanceof pg.DatabaseError && error.code === lockTimeout

/**
 * A statement that waits for a lock keeps its connection busy until the lock timeout, and while somebody locks a table, each
 * caller would keep one. So after a statement has waited in vain, only one caller at a time tries it again; the others wait for
 * the outcome of that trial: where it fails they fail with it, else they are asked themselves.
 */
export function createLockGuard(): LockGuard {
  /** By name, the trial that is under way; null where none is. */
  const blocked = new Map<string, Promise<void> | null>()

  return async (name, ask) => {
    for (let trial = blocked.get(name); trial; trial = blocked.get(name)) await trial
    const asking = ask()
    if (blocked.has(name)) {
      const trial = asking.then(
        () => {},
        (error: unknown) => {
          if (isLockTimeout(error)) throw error
        },
      )
      // Without anybody who waits for it, its failure is the caller's alone.
      trial.catch(() => {})
      blocked.set(name, trial)
    }
    try {
      const result = await asking
      blocked.delete(name)
      return result
    } catch (error) {
      if (isLockTimeout(error)) blocked.set(name, null)
      else if (error instanceof pg.DatabaseError) blocked.delete(name)
      else if (blocked.has(name)) blocked.set(name, null)
      throw error
    }
  }
}

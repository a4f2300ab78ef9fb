import pg from 'pg'
import { lockTimeout } from '../error.ts'

/** Calls `ask`, unless the statement with this name waits for a lock that others hold. */
export type LockGuard = <Result>(name: string, ask: () => Promise<Result>) => Promise<Result>

const isLockTimeout = (error: unknown) => error instanceof pg.DatabaseError && error.code === lockTimeout

/**
 * A statement that waits for a lock keeps its connection busy until the lock timeout, and while a table is locked, each caller
 * would keep one connection busy. So after a statement has reached the lock timeout, only one caller at a time tries it again,
 * and the others wait for the outcome of that trial. If the trial reaches the lock timeout, too, they fail with the same error;
 * otherwise their own statements are sent.
 */
export function createLockGuard(): LockGuard {
  /** Per name of a blocked statement, the trial that is under way; null if there is none. */
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
      // This prevents an unhandled rejection if no other caller waits for the trial. The caller of the trial itself gets the
      // error.
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

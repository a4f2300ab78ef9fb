import { setImmediate as turn } from 'node:timers/promises'
import { byteSize } from '../chat/access/byte-size.ts'

/** Resolves when an operation with these variables may run: at once, or for big ones in a turn of its own. */
export type AwaitTurn = (variables: object | null | undefined) => Promise<void> | null

const bigBytes = 50_000

/**
 * Coercing the variables of an operation is one stretch without a break. Several big operations that come together would have
 * their stretches one right after the other, so each begins in a turn of the event loop of its own.
 */
export function createBigOperationTurns(): AwaitTurn {
  let last: Promise<void> = Promise.resolve()
  return (variables) => {
    if (!variables || byteSize(variables) < bigBytes) return null
    last = last.then(() => turn())
    return last
  }
}

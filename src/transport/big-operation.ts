import { setImmediate as turn } from 'node:timers/promises'
import { byteSize } from '../chat/access/byte-size.ts'

/**
 * Resolves when an operation with these variables may run: at once, or for big variables in a separate turn of the event loop.
 */
export type AwaitTurn = (variables: object | null | undefined) => Promise<void> | null

const bigBytes = 50_000

/**
 * The coercion of an operation's variables blocks the event loop. Several big operations that arrive together would block it
 * one directly after the other, so each of them begins in a separate turn.
 */
export function createBigOperationTurns(): AwaitTurn {
  let last: Promise<void> = Promise.resolve()
  return (variables) => {
    if (!variables || byteSize(variables) < bigBytes) return null
    last = last.then(() => turn())
    return last
  }
}

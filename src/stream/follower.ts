import type { Answer } from './answer.ts'
import { type Position, progress } from './position.ts'

export interface FollowerOptions {
  from: Position
  /** At least so long between two steps; the first comes at once. */
  flushMs: number
}

/** All that was revealed since the step before, up to `to`. */
export interface Step {
  from: Position
  to: Position
}

/**
 * A viewer is a position in the answer, not a queue: each `next` takes all that is new, however long it was not called.
 * So a slow viewer costs no memory. Ends when the answer has ended and its rest was taken.
 * Written by hand, since a generator's return() would wait behind its pending next().
 */
export function follow<Outcome>(answer: Answer<Outcome>, options: FollowerOptions): AsyncIterableIterator<Step> {
  let position = options.from
  let isDone = false
  let lastStepAt = Number.NEGATIVE_INFINITY
  let wake: (() => void) | null = null
  let timer: NodeJS.Timeout | undefined

  const leave = answer.onMove(() => wake?.())

  function finish() {
    isDone = true
    leave()
    clearTimeout(timer)
    wake?.()
  }

  function take(): Step | null {
    const from = position
    const to = answer.revealed()
    if (progress(to) <= progress(from)) return null
    position = to
    lastStepAt = performance.now()
    return { from, to }
  }

  function moved(): Promise<void> {
    return new Promise((resolve) => {
      wake = () => {
        wake = null
        resolve()
      }
    })
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      timer = setTimeout(resolve, ms)
      wake = () => {
        if (!isDone && answer.outcome() === null) return
        clearTimeout(timer)
        wake = null
        resolve()
      }
    })
  }

  async function next(): Promise<IteratorResult<Step>> {
    while (!isDone) {
      const waitMs = answer.outcome() === null ? options.flushMs - (performance.now() - lastStepAt) : 0
      if (waitMs > 0) {
        await pause(waitMs)
        continue
      }
      const step = take()
      if (step !== null) return { done: false, value: step }
      if (answer.outcome() !== null) finish()
      else await moved()
    }
    return { done: true, value: undefined }
  }

  return {
    next,
    async return() {
      finish()
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

import type { Answer } from './answer.ts'
import { type Position, progress } from './position.ts'

export interface FollowerOptions {
  from: Position
  /** The minimum time between two steps. The first step comes at once. */
  flushMs: number
  /** Called when a step may be available. */
  onReady(): void
}

/** All text that was revealed since the step before, up to `to`. */
export interface Step {
  from: Position
  to: Position
}

export interface Follower {
  /** Takes everything that is new; null if nothing is new. It is done when the answer has ended and its rest was taken. */
  take(): IteratorResult<Step, undefined> | null
  leave(): void
}

/**
 * A follower is a position in the answer and not a queue: each step has everything that is new since the step before. So a slow
 * viewer costs no memory.
 */
export function follow<Outcome>(answer: Answer<Outcome>, { from, flushMs, onReady }: FollowerOptions): Follower {
  let position = from
  let isDone = false
  let lastStepAt = Number.NEGATIVE_INFINITY
  let pause: NodeJS.Timeout | undefined

  // Text is collected during the pause between two steps. The end of the answer does not wait for it.
  const stopListening = answer.onMove(() => {
    if (pause === undefined || answer.outcome() !== null) onReady()
  })

  function endPause() {
    clearTimeout(pause)
    pause = undefined
  }

  function leave() {
    isDone = true
    stopListening()
    endPause()
  }

  function isPausing(): boolean {
    if (flushMs === 0 || answer.outcome() !== null) return false
    const waitMs = flushMs - (performance.now() - lastStepAt)
    if (waitMs <= 0) return false
    pause ??= setTimeout(() => {
      endPause()
      onReady()
    }, waitMs)
    return true
  }

  function step(): Step | null {
    const from = position
    const to = answer.revealed()
    if (progress(to) <= progress(from)) return null
    position = to
    lastStepAt = performance.now()
    return { from, to }
  }

  return {
    take() {
      if (!isDone) {
        if (isPausing()) return null
        const value = step()
        if (value !== null) return { done: false, value }
        if (answer.outcome() === null) return null
        leave()
      }
      return { done: true, value: undefined }
    },
    leave,
  }
}

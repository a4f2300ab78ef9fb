import type { Completion } from '../store/completion.ts'
import type { Answer } from '../stream/answer.ts'
import { writeCursor } from '../stream/cursor.ts'
import type { ChoiceDelta } from '../stream/delta.ts'
import { follow } from '../stream/follower.ts'
import { type Position, start } from '../stream/position.ts'
import type { Failure } from './error.ts'

export type CompletionEvent =
  | { type: 'snapshot'; completionId: string; cursor: string; completion: Completion; choices: ChoiceDelta[] }
  | { type: 'delta'; completionId: string; cursor: string; choices: ChoiceDelta[] }
  | { type: 'ended'; completionId: string; cursor: string; completion: Completion }
  | { type: 'rejected'; completionId: string; cursor: string; failure: Failure }

export type StreamMode = 'DELTA' | 'SNAPSHOT'

export interface WatchOptions {
  /** Where the viewer already is; null for a snapshot first. */
  from: Position | null
  mode: StreamMode
  flushMs: number
  /** As it is when asked. */
  completion(): Completion
  /** Called once, when the viewer has left or has had all. */
  onLeave(): void
}

/** `completionId` is the one asked for, or empty where none was. */
export function rejection(failure: Failure, completionId: string): AsyncIterableIterator<CompletionEvent> {
  let isDone = false
  const event: CompletionEvent = { type: 'rejected', completionId, cursor: '', failure }
  return iterator<CompletionEvent>(
    async () => {
      if (isDone) return { done: true, value: undefined }
      isDone = true
      return { done: false, value: event }
    },
    () => {
      isDone = true
    },
  )
}

/**
 * A snapshot, or with `from` what came after it; then what is new, merged as far as the viewer is behind; then the end.
 * Written by hand, since a generator's return() would wait behind its pending next().
 */
export function watchAnswer(answer: Answer<Completion>, options: WatchOptions): AsyncIterableIterator<CompletionEvent> {
  const { mode, flushMs, completion, onLeave } = options
  const first = options.from === null ? answer.revealed() : null
  const steps = follow(answer, { from: options.from ?? answer.revealed(), flushMs })
  let phase: 'opening' | 'following' | 'ended' = 'opening'
  let place = options.from ?? answer.revealed()

  function snapshot(to: Position): CompletionEvent {
    const cursor = writeCursor(answer.id, to)
    return {
      type: 'snapshot',
      completionId: answer.id,
      cursor,
      completion: completion(),
      choices: answer.between(start, to),
    }
  }

  async function next(): Promise<IteratorResult<CompletionEvent>> {
    if (phase === 'ended') return { done: true, value: undefined }
    if (phase === 'opening') {
      phase = 'following'
      if (first !== null) return { done: false, value: snapshot(first) }
    }
    const step = await steps.next()
    if (!step.done) {
      const { from, to } = step.value
      place = to
      if (mode === 'SNAPSHOT') return { done: false, value: snapshot(to) }
      const cursor = writeCursor(answer.id, to)
      return {
        done: false,
        value: { type: 'delta', completionId: answer.id, cursor, choices: answer.between(from, to) },
      }
    }
    phase = 'ended'
    onLeave()
    const outcome = answer.outcome()
    if (outcome === null) return { done: true, value: undefined }
    const cursor = writeCursor(answer.id, place)
    return { done: false, value: { type: 'ended', completionId: answer.id, cursor, completion: outcome } }
  }

  return iterator(next, () => {
    if (phase !== 'ended') onLeave()
    phase = 'ended'
    void steps.return?.()
  })
}

function iterator<Value>(next: () => Promise<IteratorResult<Value>>, leave: () => void): AsyncIterableIterator<Value> {
  return {
    next,
    async return() {
      leave()
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

import type { Completion } from '../../store/completion.ts'
import type { Answer } from '../../stream/answer.ts'
import { writeCursor } from '../../stream/cursor.ts'
import { follow, type Step } from '../../stream/follower.ts'
import { type ChoicePiece, piecesFrom } from '../../stream/offset.ts'
import { type Position, progress, start } from '../../stream/position.ts'
import { type Failure, notFound } from '../access/error.ts'

export interface ChoiceDelta extends ChoicePiece {
  /** Of the message that the choice becomes. */
  messageId: string
}

/** `cursor` can be given back to `watch` as it is, also where it is empty. */
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
  /** By choice. */
  messageIds: readonly string[]
  /** As it is when asked. */
  completion(): Completion
  /** Aborts when the viewer may see no more of it: then nothing follows but a rejection. */
  lost: AbortSignal
  /** Called once, when the viewer has left or has had all. */
  onLeave(): void
}

/** `completionId` and `cursor` are those that were given, or empty where none was. */
export function rejection(
  failure: Failure,
  { completionId, cursor }: { completionId: string; cursor: string },
): AsyncIterableIterator<CompletionEvent> {
  let isDone = false
  const event: CompletionEvent = { type: 'rejected', completionId, cursor, failure }
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
 * A snapshot, or with `from` what came after it; then what is new, merged as far as the viewer is behind; then the end. Where
 * the viewer may have seen more than is stored, another snapshot comes before the end.
 * Iterated by hand, since a generator's return() would wait behind its pending next().
 */
export function watchAnswer(answer: Answer<Completion>, options: WatchOptions): AsyncIterableIterator<CompletionEvent> {
  const { mode, flushMs, messageIds, completion, lost, onLeave } = options
  const first = options.from === null ? answer.revealed() : null
  const steps = follow(answer, { from: options.from ?? answer.revealed(), flushMs })
  let phase: 'opening' | 'following' | 'ended' = 'opening'
  let wasElsewhere = options.from !== null
  /** Where the viewer is. */
  let position = options.from ?? start

  const stopFollowing = () => void steps.return?.()
  lost.addEventListener('abort', stopFollowing)
  if (lost.aborted) stopFollowing()

  function choicesBetween(from: Position, to: Position): ChoiceDelta[] {
    return piecesFrom(from, answer.between(from, to)).map((piece) => ({
      ...piece,
      messageId: messageIds[piece.index] ?? answer.id,
    }))
  }

  function snapshot(to: Position): CompletionEvent {
    const cursor = writeCursor(answer.id, to)
    const choices = choicesBetween(start, to)
    return { type: 'snapshot', completionId: answer.id, cursor, completion: completion(), choices }
  }

  function eventOf({ from, to }: Step): CompletionEvent {
    position = to
    if (mode === 'SNAPSHOT') return snapshot(to)
    return {
      type: 'delta',
      completionId: answer.id,
      cursor: writeCursor(answer.id, to),
      choices: choicesBetween(from, to),
    }
  }

  /**
   * Another server has ended the answer, and had less of it than was seen here, or perhaps elsewhere: a client that subscribes
   * again by itself gives an old cursor, and keeps all that it has seen after it.
   */
  function mayHaveMore(): boolean {
    const outcome = answer.outcome()
    if (lost.aborted || outcome === null) return false
    return (wasElsewhere && outcome.error?.code === 'SERVER_LOST') || progress(position) > progress(answer.revealed())
  }

  /** null where the server goes before the answer has ended. */
  function lastEvent(): CompletionEvent | null {
    const place = { completionId: answer.id, cursor: writeCursor(answer.id, position) }
    if (lost.aborted) return { type: 'rejected', ...place, failure: notFound('completion').failure }
    const outcome = answer.outcome()
    return outcome && { type: 'ended', ...place, completion: outcome }
  }

  function finish() {
    if (phase === 'ended') return
    phase = 'ended'
    lost.removeEventListener('abort', stopFollowing)
    stopFollowing()
    onLeave()
  }

  async function next(): Promise<IteratorResult<CompletionEvent>> {
    if (phase === 'ended') return { done: true, value: undefined }
    const isOpening = phase === 'opening'
    phase = 'following'
    if (isOpening && first !== null && !lost.aborted) {
      position = first
      return { done: false, value: snapshot(first) }
    }
    const step = await steps.next()
    if (!step.done && !lost.aborted) return { done: false, value: eventOf(step.value) }
    if (mayHaveMore()) {
      wasElsewhere = false
      position = answer.revealed()
      return { done: false, value: snapshot(position) }
    }
    finish()
    const value = lastEvent()
    return value === null ? { done: true, value: undefined } : { done: false, value }
  }

  return iterator(next, finish)
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

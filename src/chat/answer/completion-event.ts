import type { Completion } from '../../store/completion.ts'
import type { Answer } from '../../stream/answer.ts'
import { writeCursor } from '../../stream/cursor.ts'
import { follow, type Step } from '../../stream/follower.ts'
import { type ChoicePiece, piecesFrom } from '../../stream/offset.ts'
import { type Position, progress, start } from '../../stream/position.ts'
import { createSource, type Source } from '../../stream/source.ts'
import { type Failure, notFound } from '../access/error.ts'

export interface ChoiceDelta extends ChoicePiece {
  /** The id of the message that the choice becomes. */
  messageId: string
}

/** `cursor` can be passed to `watch` as it is, also when it is empty. */
export type CompletionEvent =
  | { type: 'snapshot'; completionId: string; cursor: string; completion: Completion; choices: ChoiceDelta[] }
  | { type: 'delta'; completionId: string; cursor: string; choices: ChoiceDelta[] }
  | { type: 'ended'; completionId: string; cursor: string; completion: Completion }
  | { type: 'rejected'; completionId: string; cursor: string; failure: Failure }

export type StreamMode = 'DELTA' | 'SNAPSHOT'

export interface WatchOptions {
  /** The position that the viewer has reached; null to begin with a snapshot. */
  from: Position | null
  mode: StreamMode
  flushMs: number
  /** The message of each choice, in the order of the choices. */
  messageIds: readonly string[]
  /** Returns the current state of the completion. */
  completion(): Completion
  /** Aborts when the viewer loses access to the conversation: then only a rejection follows. */
  lost: AbortSignal
  /** Called once, when the viewer has left or has got the last event. */
  onLeave(): void
}

const over = { done: true, value: undefined } as const

/** A stream with one event. `completionId` and `cursor` are the viewer's own, or empty strings if it sent none. */
export function rejection(
  failure: Failure,
  { completionId, cursor }: { completionId: string; cursor: string },
): Source<CompletionEvent> {
  let event: CompletionEvent | null = { type: 'rejected', completionId, cursor, failure }

  function take(): IteratorResult<CompletionEvent, undefined> {
    const value = event
    event = null
    return value === null ? over : { done: false, value }
  }

  function leave() {
    event = null
  }

  return createSource({ take, leave }).source
}

/**
 * Streams an answer to one viewer: first a snapshot or, with `from`, the text after that position; then deltas, each with
 * everything that is new since the viewer took the one before; at last the end. If the viewer may have seen more text than is
 * stored, another snapshot comes before the end.
 */
export function watchAnswer(answer: Answer<Completion>, options: WatchOptions): Source<CompletionEvent> {
  const { mode, flushMs, messageIds, completion, lost, onLeave } = options
  const first = options.from === null ? answer.revealed() : null
  let phase: 'opening' | 'following' | 'ended' = 'opening'
  let hasCursor = options.from !== null
  /** The position that the viewer has reached. */
  let position = options.from ?? start

  const { source, ready } = createSource({ take, leave: finish })
  const steps = follow(answer, { from: options.from ?? answer.revealed(), flushMs, onReady: ready })
  lost.addEventListener('abort', onLost)
  if (lost.aborted) steps.leave()

  function onLost() {
    steps.leave()
    ready()
  }

  function snapshot(to: Position): CompletionEvent {
    const cursor = writeCursor(answer.id, to)
    const choices = choicesBetween(answer, messageIds, { from: start, to })
    return { type: 'snapshot', completionId: answer.id, cursor, completion: completion(), choices }
  }

  /**
   * True if another replica has ended the answer with less text than this viewer has seen here, or may have seen at the lost
   * replica. In the second case the cursor tells nothing: a client that resubscribes automatically sends its first cursor, and
   * keeps all text that it got after it.
   */
  function mayHaveMore(): boolean {
    const outcome = answer.outcome()
    if (lost.aborted || outcome === null) return false
    return (hasCursor && outcome.error?.code === 'SERVER_LOST') || progress(position) > progress(answer.revealed())
  }

  /** null if the server shuts down before the answer has ended. */
  function lastEvent(): CompletionEvent | null {
    const header = { completionId: answer.id, cursor: writeCursor(answer.id, position) }
    if (lost.aborted) return { type: 'rejected', ...header, failure: notFound('completion').failure }
    const outcome = answer.outcome()
    return outcome && { type: 'ended', ...header, completion: outcome }
  }

  function finish() {
    if (phase === 'ended') return
    phase = 'ended'
    lost.removeEventListener('abort', onLost)
    steps.leave()
    onLeave()
  }

  function isFirst(): boolean {
    const isOpening = phase === 'opening'
    phase = 'following'
    return isOpening && !lost.aborted
  }

  function moveTo(step: Step): CompletionEvent {
    position = step.to
    return mode === 'SNAPSHOT' ? snapshot(position) : deltaOf(answer, messageIds, step)
  }

  function lastEvents(): IteratorResult<CompletionEvent, undefined> {
    if (mayHaveMore()) {
      hasCursor = false
      position = answer.revealed()
      return { done: false, value: snapshot(position) }
    }
    finish()
    const value = lastEvent()
    return value === null ? over : { done: false, value }
  }

  function take(): IteratorResult<CompletionEvent, undefined> | null {
    if (phase === 'ended') return over
    if (isFirst() && first !== null) {
      position = first
      return { done: false, value: snapshot(first) }
    }
    const step = steps.take()
    if (step === null) return null
    return step.done ? lastEvents() : { done: false, value: moveTo(step.value) }
  }

  return source
}

function choicesBetween(answer: Answer<Completion>, messageIds: readonly string[], { from, to }: Step): ChoiceDelta[] {
  return piecesFrom(from, answer.between(from, to)).map((piece) => ({
    ...piece,
    messageId: messageIds[piece.index] ?? answer.id,
  }))
}

const lastDeltas = new WeakMap<Answer<Completion>, Step & { event: CompletionEvent }>()

/** Viewers that are at the same position share one event, and everything that is computed from it. */
function deltaOf(answer: Answer<Completion>, messageIds: readonly string[], { from, to }: Step): CompletionEvent {
  const last = lastDeltas.get(answer)
  if (last?.from === from && last.to === to) return last.event
  const choices = choicesBetween(answer, messageIds, { from, to })
  const event: CompletionEvent = { type: 'delta', completionId: answer.id, cursor: writeCursor(answer.id, to), choices }
  lastDeltas.set(answer, { from, to, event })
  return event
}

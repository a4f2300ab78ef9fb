import type { ChoiceDelta, Completion, CompletionEvent } from '../harness/completion-documents.ts'
import { differenceOf, joined, nothing, overlapIn, strayIn, type Text, textOf } from './text.ts'

/** What was shown at some time, and the cursor of then. */
export interface Place {
  text: Text
  cursor: string
}

/** What a viewer has of an answer, checked at each event against what the upstream writes. */
export interface Screen {
  /**
   * A new connection begins, with the cursor of this place or with none. Whoever keeps what is shown hears some of it again, as
   * a client that subscribes again by itself.
   */
  resume(place: Place | null, keeps?: boolean): void
  show(event: CompletionEvent): void
  places(): readonly Place[]
  /** What the last event told, once there was one. */
  end(): Completion | null
}

export function createScreen(whole: Text, fault: (text: string) => void): Screen {
  const places: Place[] = []
  let shown = nothing
  let most = nothing
  let ended: Completion | null = null
  let resumedFrom: Place | null = null
  let isFirst = true
  let mayRepeat = false

  function put(text: Text, cursor: string) {
    const stray = strayIn(text, whole)
    if (stray !== null) fault(`is shown what was not written: ${stray}`)
    shown = text
    if (strayIn(most, text) === null) most = text
    places.push({ text, cursor })
  }

  function snapshot(choices: ChoiceDelta[], cursor: string, { error }: Completion) {
    // Of a lost server, whoever gave a cursor may have seen more than is stored.
    const isLastButOne = resumedFrom !== null && error?.['code'] === 'SERVER_LOST'
    if (!isFirst && !isLastButOne) fault('a snapshot in the middle')
    if (resumedFrom !== null && !isLastButOne) fault('a snapshot where a cursor was given')
    const text = joined(nothing, choices)
    const lost = strayIn(most, text)
    if (lost !== null) fault(`a snapshot takes back what was shown: ${lost}`)
    put(text, cursor)
  }

  function delta(choices: ChoiceDelta[], cursor: string) {
    if (isFirst && resumedFrom === null) fault('a delta comes first')
    const overlap = mayRepeat ? null : overlapIn(shown, choices)
    if (overlap !== null) fault(`a delta is not the next piece: ${overlap}`)
    mayRepeat = false
    put(joined(shown, choices), cursor)
  }

  function end(completion: Completion) {
    const difference = differenceOf(shown, textOf(completion))
    if (difference !== null) fault(`what was shown is not what is stored: ${difference}`)
    if (ended !== null && ended.status !== completion.status) fault(`ended ${ended.status}, then ${completion.status}`)
    ended = completion
  }

  return {
    resume(place, keeps = false) {
      resumedFrom = place
      mayRepeat = keeps && place !== null
      if (!mayRepeat) shown = place?.text ?? nothing
      isFirst = true
    },
    show(event) {
      if (event.__typename === 'CompletionSnapshot') snapshot(event.choices, event.cursor, event.completion)
      else if (event.__typename === 'CompletionDelta') delta(event.choices, event.cursor)
      else if (event.__typename === 'CompletionEnded') end(event.completion)
      else throw new Error(`rejected: ${event.error.__typename} ${event.error.message}`)
      isFirst = false
    },
    places: () => places,
    end: () => ended,
  }
}

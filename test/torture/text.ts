import type { ChoiceDelta, Completion } from '../harness/completion-documents.ts'

/**
 * All that an answer holds, by choice and field, such as `0 content` or `1 call 0 arguments`. Texts are folded by their
 * offsets; a name or a finish reason that comes again, and is another one, is appended, so that it shows.
 */
export type Text = ReadonlyMap<string, string>

/** What came of one field. `offset` is null for what comes whole. */
interface Piece {
  name: string
  piece: string
  offset: number | null
}

export const nothing: Text = new Map()

export function joined(text: Text, deltas: readonly ChoiceDelta[]): Text {
  const grown = new Map(text)
  for (const { name, piece, offset } of deltas.flatMap(piecesOf)) {
    const known = grown.get(name) ?? ''
    if (offset !== null) grown.set(name, known.slice(0, offset) + piece)
    else if (known !== piece) grown.set(name, known + piece)
  }
  return grown
}

/** The field that does not begin where the text ends, as a sentence; null where each does. */
export function overlapIn(text: Text, deltas: readonly ChoiceDelta[]): string | null {
  const piece = deltas.flatMap(piecesOf).find(({ name, offset }) => {
    return offset !== null && offset !== (text.get(name) ?? '').length
  })
  return piece ? `${piece.name} goes on at ${piece.offset} of ${(text.get(piece.name) ?? '').length}` : null
}

export function textOf({ choices }: Completion): Text {
  const deltas = choices.map(({ index, finishReason, message }) => ({
    index,
    messageId: message.id,
    content: message.content ?? '',
    contentOffset: 0,
    refusal: message.refusal ?? '',
    refusalOffset: 0,
    reasoning: message.reasoning ?? '',
    reasoningOffset: 0,
    logprobs: null,
    logprobsOffset: null,
    finishReason,
    toolCalls: message.toolCalls.map((call, place) => ({ index: place, ...call, argumentsOffset: 0 })),
  }))
  return joined(nothing, deltas)
}

/** Where `part` is not the beginning of `whole`: a sentence; else null. */
export function strayIn(part: Text, whole: Text): string | null {
  for (const [name, value] of part) {
    const right = whole.get(name) ?? ''
    if (right.startsWith(value) || isCutInAPair(value, right)) continue
    let place = 0
    while (place < value.length && value[place] === right[place]) place += 1
    const near = (text: string) => JSON.stringify(text.slice(Math.max(0, place - 20), place + 20))
    return `${name} differs at ${place} of ${value.length}, right are ${right.length}: ${near(value)}, not ${near(right)}`
  }
  return null
}

/** Of a pair whose second half did not come before the end, U+FFFD is left. */
function isCutInAPair(value: string, right: string): boolean {
  const last = value.length - 1
  return value[last] === '\ufffd' && (right.codePointAt(last) ?? 0) > 0xffff && right.startsWith(value.slice(0, last))
}

export function differenceOf(seen: Text, right: Text): string | null {
  return strayIn(seen, right) ?? strayIn(right, seen)
}

function piecesOf(delta: ChoiceDelta): Piece[] {
  const { index, content, refusal, reasoning, finishReason, toolCalls } = delta
  const calls = toolCalls.flatMap((call): Piece[] => [
    { name: `${index} call ${call.index} id`, piece: call.callId ?? '', offset: null },
    { name: `${index} call ${call.index} name`, piece: call.name ?? '', offset: null },
    { name: `${index} call ${call.index} arguments`, piece: call.arguments, offset: call.argumentsOffset },
  ])
  const pieces: Piece[] = [
    { name: `${index} content`, piece: content, offset: delta.contentOffset },
    { name: `${index} refusal`, piece: refusal, offset: delta.refusalOffset },
    { name: `${index} reasoning`, piece: reasoning, offset: delta.reasoningOffset },
    { name: `${index} finish`, piece: finishReason ?? '', offset: null },
  ]
  return [...pieces, ...calls].filter(({ piece }) => piece !== '')
}

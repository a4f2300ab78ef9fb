import type { ChoiceDelta, Completion } from '../harness/documents.ts'

/**
 * All that an answer holds, by choice and field, such as `0 content` or `1 call 0 arguments`. Whatever comes is appended,
 * names and finish reasons too, so that what comes twice shows.
 */
export type Text = ReadonlyMap<string, string>

type Parts = Pick<ChoiceDelta, 'content' | 'refusal' | 'reasoning' | 'finishReason' | 'toolCalls'>

export const nothing: Text = new Map()

export function joined(text: Text, deltas: readonly ChoiceDelta[]): Text {
  const grown = new Map(text)
  for (const delta of deltas) {
    for (const [field, piece] of fieldsOf(delta)) {
      const name = `${delta.index} ${field}`
      grown.set(name, (grown.get(name) ?? '') + piece)
    }
  }
  return grown
}

export function textOf({ choices }: Completion): Text {
  const deltas = choices.map(({ index, finishReason, message }) => ({
    index,
    content: message.content ?? '',
    refusal: message.refusal ?? '',
    reasoning: message.reasoning ?? '',
    logprobs: null,
    finishReason,
    toolCalls: message.toolCalls.map((call, place) => ({ index: place, ...call })),
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

function fieldsOf({ content, refusal, reasoning, finishReason, toolCalls }: Parts): [string, string][] {
  const calls = toolCalls.flatMap((call): [string, string][] => [
    [`call ${call.index} id`, call.callId ?? ''],
    [`call ${call.index} name`, call.name ?? ''],
    [`call ${call.index} arguments`, call.arguments],
  ])
  const fields: [string, string][] = [
    ['content', content],
    ['refusal', refusal],
    ['reasoning', reasoning],
    ['finish', finishReason ?? ''],
  ]
  return [...fields, ...calls].filter(([, piece]) => piece !== '')
}

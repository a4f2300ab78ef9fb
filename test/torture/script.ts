import { createDice, type Dice } from './dice.ts'
import type { Text } from './text.ts'

/** What is asked: the upstream answers it with a text that follows from it alone. */
export interface Question {
  id: string
  seed: string
  pieces: number
  /** The mean time between two pieces. */
  paceMs: number
  /** It is the same between all. */
  isSteady?: boolean
  /** The pieces never end, and come as fast as they are taken. */
  isEndless?: boolean
}

/** What the upstream sends at once: one choice's delta in the wire's words. */
export interface Piece {
  index: number
  delta: Record<string, unknown>
  finishReason: string | null
  /** After the piece before. */
  waitMs: number
}

export interface Script {
  pieces: Piece[]
  /** As it is to be stored when it came whole. */
  text: Text
  hasUsage: boolean
}

const words = [
  'a',
  'the ',
  'so',
  '\n',
  ' ',
  '\n\n',
  '"',
  '\\',
  'ß',
  'e\u0301',
  '中文',
  '\u2028',
  '\0',
  '😀',
  '👩‍👩‍👧',
  '𝒳',
  '{"x":1}',
]

/** Of characters that are hard on the way: outside the BMP, combining, NUL, quotes. */
function textOf(dice: Dice, length: number): string {
  let text = ''
  while (text.length < length) text += dice.pick(words)
  return text
}

/** Cut anywhere, between the halves of a pair too. */
function cut(dice: Dice, text: string, pieces: number): string[] {
  const places = Array.from({ length: pieces - 1 }, () => dice.whole(0, text.length)).sort((a, b) => a - b)
  return [0, ...places].map((from, index) => text.slice(from, places[index] ?? text.length))
}

export function choiceCountOf({ seed, id }: Question): number {
  return createDice(`${seed} ${id} choices`).chance(0.25) ? 2 : 1
}

export function scriptOf(question: Question): Script {
  const dice = createDice(`${question.seed} ${question.id}`)
  const text = new Map<string, string>()
  const choices = Array.from({ length: choiceCountOf(question) }, (_, index) => {
    return choiceOf(dice, index, Math.ceil(question.pieces / choiceCountOf(question)), text)
  })
  const pieces: Piece[] = []
  while (choices.some((left) => left.length > 0)) {
    const piece = dice.pick(choices.filter((left) => left.length > 0)).shift()
    // Now and then nothing comes for a while, and then much at once.
    const factor = question.isSteady ? 1 : dice.chance(0.05) ? 8 : dice.pick([0, 0.5, 1, 1, 1])
    if (piece) pieces.push({ ...piece, waitMs: Math.round(question.paceMs * factor) })
  }
  return { pieces, text, hasUsage: dice.chance(0.7) }
}

function choiceOf(dice: Dice, index: number, count: number, text: Map<string, string>): Omit<Piece, 'waitMs'>[] {
  const pieces: Omit<Piece, 'waitMs'>[] = []
  const say = (delta: Record<string, unknown>) => pieces.push({ index, delta, finishReason: null })
  function sayText(field: string, wireField: string, share: number) {
    const whole = textOf(dice, share * 6)
    text.set(`${index} ${field}`, whole.replaceAll('\0', '\ufffd'))
    for (const piece of cut(dice, whole, share)) say({ [wireField]: piece })
  }
  const reasons = dice.chance(0.3)
  const calls = dice.chance(0.3)
  say({ role: 'assistant', content: '' })
  if (reasons) sayText('reasoning', 'reasoning_content', Math.ceil(count / 4))
  sayText('content', 'content', Math.ceil(count / (calls || reasons ? 2 : 1)))
  if (calls) sayCalls(dice, index, Math.ceil(count / 4), text, say)
  const finishReason = calls ? 'tool_calls' : 'stop'
  text.set(`${index} finish`, finishReason.toUpperCase())
  return [...pieces, { index, delta: {}, finishReason }]
}

function sayCalls(
  dice: Dice,
  choice: number,
  count: number,
  text: Map<string, string>,
  say: (delta: Record<string, unknown>) => void,
) {
  const calls = dice.whole(1, 2)
  for (let index = 0; index < calls; index++) {
    const call = { id: `call_${choice}_${index}`, name: `tool_${index}`, arguments: textOf(dice, count * 4) }
    const [first = '', ...rest] = cut(dice, call.arguments, count)
    say({ tool_calls: [{ index, id: call.id, type: 'function', function: { name: call.name, arguments: first } }] })
    for (const piece of rest) say({ tool_calls: [{ index, function: { arguments: piece } }] })
    const name = `${choice} call ${index}`
    text.set(`${name} id`, call.id).set(`${name} name`, call.name)
    text.set(`${name} arguments`, call.arguments.replaceAll('\0', '\ufffd'))
  }
}

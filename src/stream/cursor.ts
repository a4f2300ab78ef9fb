import type { ChoicePosition, Position } from './position.ts'

// <answer id>~<choice>~<choice>..., where each choice has its numbers in the order of `numbers` below, without trailing zeros.
// The numbers are lengths of the answer itself, not offsets of a log or a queue, so any replica can serve a cursor, and so can
// the stored message.

// A choice can have 128 tool calls, which is the maximum that is accepted from an upstream.
const form = /^([0-9a-f-]{36})((?:~(?:\d{1,9}(?:\.\d{1,9}){0,133})?){0,128})$/

function numbers(choice: ChoicePosition): number[] {
  const { content, refusal, reasoning, contentLogprobs, refusalLogprobs, finished, toolCalls } = choice
  return [content, refusal, reasoning, contentLogprobs, refusalLogprobs, finished ? 1 : 0, ...toolCalls]
}

function writeChoice(choice: ChoicePosition): string {
  const written = numbers(choice)
  let length = written.length
  while (length > 0 && written[length - 1] === 0) length -= 1
  return written.slice(0, length).join('.')
}

function readChoice(text: string): ChoicePosition {
  const [
    content = 0,
    refusal = 0,
    reasoning = 0,
    contentLogprobs = 0,
    refusalLogprobs = 0,
    finished = 0,
    ...toolCalls
  ] = text === '' ? [] : text.split('.').map(Number)
  return { content, refusal, reasoning, contentLogprobs, refusalLogprobs, finished: finished > 0, toolCalls }
}

export function writeCursor(answerId: string, position: Position): string {
  let cursor = answerId
  for (const choice of position) cursor += `~${writeChoice(choice)}`
  return cursor
}

/** Returns null for a text that is not in the form of a cursor. */
export function readCursor(cursor: string): { answerId: string; position: Position } | null {
  const match = form.exec(cursor)
  if (match === null) return null
  const [, answerId = '', choices = ''] = match
  return { answerId, position: choices.split('~').slice(1).map(readChoice) }
}

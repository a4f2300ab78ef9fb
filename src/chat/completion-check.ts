import { storableText } from '../stream/text.ts'
import type { CompletionInput } from './completion-input.ts'
import { invalidInput } from './error.ts'
import { checkMessage } from './message-input.ts'
import { takenNames } from './parameters.ts'

// The ranges of OpenAI's reference, so that what cannot succeed is refused before anything is sent or stored:
// https://platform.openai.com/docs/api-reference/chat/create

const ranges = {
  temperature: [0, 2],
  topP: [0, 1],
  n: [1, 128],
  maxTokens: [1, 2_147_483_647],
  maxCompletionTokens: [1, 2_147_483_647],
  presencePenalty: [-2, 2],
  frequencyPenalty: [-2, 2],
  topLogprobs: [0, 20],
} as const satisfies Partial<Record<keyof CompletionInput, readonly [number, number]>>

const toolName = /^[a-zA-Z0-9_-]{1,64}$/
const decimal = /^[+-]?\d{1,19}$/

/** `path` is where the input stands in the client's document, such as `input`. Throws INVALID_INPUT. */
export function checkCompletionInput(input: CompletionInput, path: string): void {
  checkRanges(input, path)
  checkLists(input, path)
  checkLogitBias(input, path)
  checkSeed(input, path)
  checkTools(input, path)
  checkMetadata(input, path)
  checkExtraBody(input, path)
  checkPlace(input, path)
  for (const [index, message] of input.messages.entries()) checkMessage(message, `${path}.messages.${index}`)
}

function checkRanges(input: CompletionInput, path: string): void {
  for (const [name, [least, most]] of Object.entries(ranges)) {
    const value = input[name as keyof typeof ranges]
    if (value === null || value === undefined) continue
    if (value < least || value > most) throw invalidInput(`${path}.${name}`, `takes ${least} to ${most}, not ${value}`)
  }
  if (typeof input.topLogprobs === 'number' && input.logprobs !== true) {
    throw invalidInput(`${path}.topLogprobs`, 'needs logprobs: true')
  }
}

function checkLists(
  { stop, messages, parentId, conversationId, model, idempotencyKey }: CompletionInput,
  path: string,
): void {
  if (stop && stop.length > 4) throw invalidInput(`${path}.stop`, `takes up to 4 sequences, not ${stop.length}`)
  const emptyStop = stop?.indexOf('') ?? -1
  if (emptyStop >= 0) throw invalidInput(`${path}.stop.${emptyStop}`, 'is empty')
  if (messages.length === 0 && !parentId && !conversationId) {
    throw invalidInput(`${path}.messages`, 'takes at least one message where there is no message to answer')
  }
  if (model === '') throw invalidInput(`${path}.model`, 'is empty')
  checkKey(idempotencyKey, `${path}.idempotencyKey`)
}

export function checkKey(key: string | null | undefined, path: string): void {
  if (key === null || key === undefined) return
  if (key.length === 0 || key.length > 255) throw invalidInput(path, `takes 1 to 255 characters, not ${key.length}`)
  // Made storable, two keys could become one.
  if (key !== storableText(key)) throw invalidInput(path, 'takes no NUL and no half of a surrogate pair')
}

function checkLogitBias({ logitBias }: CompletionInput, path: string): void {
  const seen = new Set<number>()
  for (const [index, { token, bias }] of (logitBias ?? []).entries()) {
    const place = `${path}.logitBias.${index}`
    if (bias < -100 || bias > 100) throw invalidInput(`${place}.bias`, `takes -100 to 100, not ${bias}`)
    if (token < 0) throw invalidInput(`${place}.token`, `takes a token id from 0, not ${token}`)
    if (seen.has(token)) throw invalidInput(`${place}.token`, `names the token ${token} again`)
    seen.add(token)
  }
}

function checkSeed({ seed }: CompletionInput, path: string): void {
  if (seed === null || seed === undefined) return
  const isInteger = decimal.test(seed) && BigInt.asIntN(64, BigInt(seed)) === BigInt(seed)
  if (!isInteger) throw invalidInput(`${path}.seed`, 'takes a 64-bit integer in decimal, such as "42"')
}

function checkTools({ tools, toolChoice }: CompletionInput, path: string): void {
  const names = new Set<string>()
  for (const [index, { name }] of (tools ?? []).entries()) {
    const place = `${path}.tools.${index}.name`
    if (!toolName.test(name)) throw invalidInput(place, 'takes 1 to 64 letters, digits, underscores and dashes')
    if (names.has(name)) throw invalidInput(place, `names ${name} again`)
    names.add(name)
  }
  if (toolChoice && names.size === 0) throw invalidInput(`${path}.toolChoice`, 'needs tools to choose from')
  const chosen = toolChoice?.function ?? null
  if (chosen !== null && !names.has(chosen)) {
    throw invalidInput(`${path}.toolChoice.function`, `names ${JSON.stringify(chosen)}, which is not among the tools`)
  }
}

function checkMetadata({ metadata }: CompletionInput, path: string): void {
  const pairs = metadata ?? []
  if (pairs.length > 16) throw invalidInput(`${path}.metadata`, `takes up to 16 pairs, not ${pairs.length}`)
  const keys = new Set<string>()
  for (const [index, { key, value }] of pairs.entries()) {
    if (key.length === 0 || key.length > 64)
      throw invalidInput(`${path}.metadata.${index}.key`, 'takes 1 to 64 characters')
    if (value.length > 512) throw invalidInput(`${path}.metadata.${index}.value`, 'takes up to 512 characters')
    if (keys.has(key)) throw invalidInput(`${path}.metadata.${index}.key`, `names ${key} again`)
    keys.add(key)
  }
}

function checkExtraBody({ extraBody }: CompletionInput, path: string): void {
  if (extraBody === null || extraBody === undefined) return
  if (typeof extraBody !== 'object' || Array.isArray(extraBody)) {
    throw invalidInput(`${path}.extraBody`, 'takes a JSON object')
  }
  const taken = Object.keys(extraBody).find((name) => takenNames.has(name))
  if (taken !== undefined)
    throw invalidInput(`${path}.extraBody.${taken}`, 'may not override what the input has a field for')
}

function checkPlace(input: CompletionInput, path: string): void {
  const { context, store, parentId } = input
  if (parentId && store === false) {
    throw invalidInput(
      `${path}.parentId`,
      'needs store: true, since an unstored answer has no place among the messages',
    )
  }
  if (store === false && input.messages.length === 0) {
    throw invalidInput(`${path}.messages`, 'takes at least one message where store is false: they are all that is sent')
  }
  for (const name of ['tokenBudget', 'lastN'] as const) {
    const value = context?.[name]
    if (typeof value === 'number' && value < 1)
      throw invalidInput(`${path}.context.${name}`, `takes 1 or more, not ${value}`)
  }
}

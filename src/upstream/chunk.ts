import type { ChoiceDelta, FinishReason, Logprobs, ToolCallDelta } from '../stream/delta.ts'
import type { TokenCounts } from '../stream/token-counts.ts'
import { isCutOff } from './cut-off.ts'
import { UpstreamError } from './error.ts'
import { isInt, isObject, textOrNull, type Wire } from './json.ts'
import { usageIn } from './usage.ts'

/** One chunk of a streamed answer. The usage of a later chunk replaces that of an earlier one. */
export interface Chunk {
  id: string | null
  /** unix seconds */
  created: number | null
  model: string | null
  systemFingerprint: string | null
  serviceTier: string | null
  choices: ChoiceDelta[]
  usage: TokenCounts | null
}

// The chunks are folded into arrays by their indexes, so a hostile index would allocate memory. OpenAI allows 128 choices and
// calls.
const maxIndex = 1023

// In characters. An event may have a megabyte, but each of these names is stored, listed and matched with patterns.
const maxNameLength = 1_000

const noToolCalls: ToolCallDelta[] = []
Object.freeze(noToolCalls)

/** Throws UpstreamError if the text of the chunk may be wrong. Unknown fields are ignored. */
export function readChunk(wire: Wire): Chunk {
  const { id, created, model, system_fingerprint, service_tier, choices } = wire
  return {
    id: nameOrNull(id),
    created: isInt(created) && created > 0 ? created : null,
    model: nameOrNull(model),
    systemFingerprint: nameOrNull(system_fingerprint),
    serviceTier: nameOrNull(service_tier),
    choices: choices === undefined || choices === null ? [] : listOf(choices).map(readChoice),
    usage: usageIn(wire),
  }
}

/** False for a chunk that only keeps the connection alive. */
export function carriesAnything(chunk: Chunk): boolean {
  return chunk.usage !== null || chunk.choices.some(addsAnything)
}

/**
 * How many bytes of a chunk are stored. An event with log probabilities counts with its whole length, since they are most of
 * it.
 */
export function keptBytes({ choices }: Chunk, eventLength: number): number {
  if (choices.some(({ logprobs }) => logprobs !== null)) return eventLength
  return choices.reduce((sum, choice) => sum + textBytes(choice), 0)
}

function textBytes({ content, refusal, reasoning, toolCalls }: ChoiceDelta): number {
  const calls = toolCalls.map(
    ({ id, name, arguments: text, extra }) => `${id ?? ''}${name ?? ''}${text}${extra ? JSON.stringify(extra) : ''}`,
  )
  return Buffer.byteLength(content + refusal + reasoning + calls.join(''))
}

/**
 * An empty name counts as missing: Azure's first chunk has empty names and the time 0, and the next chunk has the real ones.
 */
function nameOrNull(value: unknown): string | null {
  return typeof value === 'string' && value !== '' && value.length <= maxNameLength ? value : null
}

function addsAnything(choice: ChoiceDelta): boolean {
  return (
    choice.content !== '' ||
    choice.reasoning !== '' ||
    choice.refusal !== '' ||
    choice.finishReason !== null ||
    choice.toolCalls.length > 0 ||
    choice.logprobs !== null
  )
}

function readChoice(value: unknown): ChoiceDelta {
  const choice = objectOf(value)
  const said = saidIn(choice)
  const { content, refusal, reasoning_content, reasoning, tool_calls, function_call } = said
  const { logprobs } = choice
  const read: ChoiceDelta = {
    index: indexOf(choice['index'], 0),
    content: '',
    refusal: textOf(refusal),
    // Some servers send both fields, one of them empty.
    reasoning: textOrNull(reasoning_content) || textOrNull(reasoning) || '',
    toolCalls: readToolCalls(tool_calls, function_call),
    logprobs: isObject(logprobs) ? readLogprobs(logprobs) : null,
    finishReason: readFinishReason(choice['finish_reason']),
  }
  if (typeof content === 'string') read.content = content
  else addParts(read, content)
  // A model that answers with speech sends its words in the transcript of the audio.
  if (isObject(said['audio'])) read.content += textOf(said['audio']['transcript'])
  return read
}

/**
 * Some servers send `message` instead of `delta`, as in an answer that is not streamed, or `text` as the older endpoint does.
 */
function saidIn({ delta, message, text }: Wire): Wire {
  return objectOf(delta ?? message ?? { content: text })
}

/** Mistral and others send content as a list of parts. Parts that are not text, such as pictures, are left out. */
function addParts(choice: ChoiceDelta, content: unknown): void {
  if (content === undefined || content === null) return
  for (const part of isObject(content) ? [content] : listOf(content)) {
    if (typeof part === 'string') choice.content += part
    else if (isObject(part)) addPart(choice, part)
  }
}

function addPart(choice: ChoiceDelta, { type, text, thinking, refusal }: Wire): void {
  choice.refusal += textOrNull(refusal) ?? ''
  if (thinking !== undefined) choice.reasoning += textOfParts(thinking)
  else if (type === 'reasoning' || type === 'thinking') choice.reasoning += textOrNull(text) ?? ''
  else choice.content += textOrNull(text) ?? ''
}

function textOfParts(value: unknown): string {
  if (!Array.isArray(value)) return textOrNull(value) ?? ''
  return value.map((part) => textOrNull(isObject(part) ? part['text'] : part) ?? '').join('')
}

function readToolCalls(calls: unknown, functionCall: unknown): ToolCallDelta[] {
  if (calls !== undefined && calls !== null) return (isObject(calls) ? [calls] : listOf(calls)).map(readToolCall)
  if (functionCall === undefined || functionCall === null) return noToolCalls
  return [readToolCall({ function: functionCall }, 0)]
}

function readToolCall(value: unknown, position: number): ToolCallDelta {
  const call = objectOf(value)
  const { name, arguments: fragment } = objectOf(call['function'] ?? {})
  const extra = call['extra_content']
  const read: ToolCallDelta = {
    // Some servers send each call in one piece and without an index.
    index: indexOf(call['index'], position),
    id: textOrNull(call['id']),
    name: textOrNull(name),
    // Ollama and servers based on it send the arguments as an object.
    arguments: typeof fragment === 'object' && fragment !== null ? JSON.stringify(fragment) : textOf(fragment),
  }
  if (isObject(extra)) read.extra = extra
  return read
}

function readLogprobs({ content, refusal }: Wire): Logprobs | null {
  const delta = {
    content: Array.isArray(content) ? content : [],
    refusal: Array.isArray(refusal) ? refusal : [],
  }
  return delta.content.length + delta.refusal.length > 0 ? delta : null
}

const finishReasons: ReadonlyMap<unknown, FinishReason> = new Map([
  ['stop', 'STOP'],
  ['length', 'LENGTH'],
  ['max_tokens', 'LENGTH'],
  // Mistral: the end of the context was reached
  ['model_length', 'LENGTH'],
  ['tool_calls', 'TOOL_CALLS'],
  ['content_filter', 'CONTENT_FILTER'],
  // Zhipu
  ['sensitive', 'CONTENT_FILTER'],
  ['function_call', 'FUNCTION_CALL'],
])

/** null also for a reason that means that the answer was cut off, since the model has not finished then. */
function readFinishReason(value: unknown): FinishReason | null {
  if (value === undefined || value === null || value === '' || isCutOff(value)) return null
  return finishReasons.get(value) ?? 'UNKNOWN'
}

/** Throws UpstreamError if the index is too large or not an index. */
function indexOf(value: unknown, fallback: number): number {
  if (value === undefined || value === null) return fallback
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= maxIndex) return value as number
  throw malformed()
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (value === undefined || value === null) return ''
  throw malformed()
}

function listOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value
  throw malformed()
}

function objectOf(value: unknown): Wire {
  if (isObject(value)) return value
  throw malformed()
}

export function malformed(): UpstreamError {
  return new UpstreamError('UPSTREAM_PROTOCOL', 'The upstream sent a chunk of an unknown shape.')
}

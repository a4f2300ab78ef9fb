import { UpstreamError } from './error.ts'

/** One chunk of a streamed answer. The usage of a later chunk replaces that of an earlier one. */
export interface Chunk {
  id: string | null
  /** unix seconds */
  created: number | null
  model: string | null
  systemFingerprint: string | null
  serviceTier: string | null
  choices: ChunkChoice[]
  usage: Usage | null
}

/** What a chunk adds to one choice; an empty string adds nothing. */
export interface ChunkChoice {
  index: number
  content: string
  refusal: string
  reasoning: string
  toolCalls: ToolCallDelta[]
  logprobs: LogprobsDelta | null
  finishReason: FinishReason | null
}

export interface ToolCallDelta {
  index: number
  id: string | null
  name: string | null
  arguments: string
}

/** One entry per token, in the provider's own shape. */
export interface LogprobsDelta {
  content: unknown[]
  refusal: unknown[]
}

export type FinishReason = 'STOP' | 'LENGTH' | 'TOOL_CALLS' | 'CONTENT_FILTER' | 'FUNCTION_CALL' | 'UNKNOWN'

export interface Usage {
  promptTokens: number
  completionTokens: number
  totalTokens: number
  cachedTokens: number
  reasoningTokens: number
}

/** A parsed JSON object, each field as yet unknown. */
type Wire = Readonly<Record<string, unknown>>

// Whoever folds the chunks makes room by index, so a hostile one must not get through. OpenAI allows 128 of both.
const maxIndex = 1023

// An event may have a megabyte, and each of these is kept, listed and matched with patterns.
const maxNameLength = 1_000

const noToolCalls: ToolCallDelta[] = []
Object.freeze(noToolCalls)

/** Throws UpstreamError where the text cannot be trusted to be exact; what it does not know it leaves out. */
export function readChunk(wire: Wire): Chunk {
  const { id, created, model, system_fingerprint, service_tier, choices, usage } = wire
  return {
    id: nameOrNull(id),
    created: isInt(created) && created > 0 ? created : null,
    model: nameOrNull(model),
    systemFingerprint: nameOrNull(system_fingerprint),
    serviceTier: nameOrNull(service_tier),
    choices: choices === undefined || choices === null ? [] : listOf(choices).map(readChoice),
    usage: isObject(usage) ? readUsage(usage) : null,
  }
}

/** False for a chunk that only keeps the connection warm. */
export function carriesAnything(chunk: Chunk): boolean {
  return chunk.usage !== null || chunk.choices.some(addsAnything)
}

/**
 * How many bytes of a chunk are kept. An event with log probabilities counts whole, as long as it is: they are most of it,
 * and no text.
 */
export function keptBytes({ choices }: Chunk, eventLength: number): number {
  if (choices.some(({ logprobs }) => logprobs !== null)) return eventLength
  return choices.reduce((sum, choice) => sum + textBytes(choice), 0)
}

function textBytes({ content, refusal, reasoning, toolCalls }: ChunkChoice): number {
  const calls = toolCalls.map((call) => `${call.id ?? ''}${call.name ?? ''}${call.arguments}`)
  return Buffer.byteLength(content + refusal + reasoning + calls.join(''))
}

export function isObject(value: unknown): value is Wire {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

/** Of 32 bits, as GraphQL and the database have it. */
export function isInt(value: unknown): value is number {
  return Number.isInteger(value) && value === ((value as number) | 0)
}

/** Azure's first chunk has empty names, and 0 for its time: the next one tells. */
function nameOrNull(value: unknown): string | null {
  return typeof value === 'string' && value !== '' && value.length <= maxNameLength ? value : null
}

function addsAnything(choice: ChunkChoice): boolean {
  return (
    choice.content !== '' ||
    choice.reasoning !== '' ||
    choice.refusal !== '' ||
    choice.finishReason !== null ||
    choice.toolCalls.length > 0 ||
    choice.logprobs !== null
  )
}

function readChoice(value: unknown): ChunkChoice {
  const { index, delta, logprobs, finish_reason } = objectOf(value)
  const { content, refusal, reasoning_content, reasoning, tool_calls, function_call } = objectOf(delta ?? {})
  return {
    index: indexOf(index, 0),
    content: textOf(content),
    refusal: textOf(refusal),
    reasoning: textOrNull(reasoning_content) ?? textOrNull(reasoning) ?? '',
    toolCalls: readToolCalls(tool_calls, function_call),
    logprobs: isObject(logprobs) ? readLogprobs(logprobs) : null,
    finishReason: readFinishReason(finish_reason),
  }
}

function readToolCalls(calls: unknown, functionCall: unknown): ToolCallDelta[] {
  if (calls !== undefined && calls !== null) return listOf(calls).map(readToolCall)
  if (functionCall === undefined || functionCall === null) return noToolCalls
  return [readToolCall({ function: functionCall }, 0)]
}

function readToolCall(value: unknown, position: number): ToolCallDelta {
  const call = objectOf(value)
  const { name, arguments: fragment } = objectOf(call['function'] ?? {})
  return {
    // Some servers send each call whole and leave its index out.
    index: indexOf(call['index'], position),
    id: textOrNull(call['id']),
    name: textOrNull(name),
    arguments: textOf(fragment),
  }
}

function readLogprobs({ content, refusal }: Wire): LogprobsDelta | null {
  const delta = {
    content: Array.isArray(content) ? content : [],
    refusal: Array.isArray(refusal) ? refusal : [],
  }
  return delta.content.length + delta.refusal.length > 0 ? delta : null
}

function readFinishReason(value: unknown): FinishReason | null {
  switch (value) {
    case undefined:
    case null:
    case '':
      return null
    case 'stop':
      return 'STOP'
    case 'length':
      return 'LENGTH'
    case 'tool_calls':
      return 'TOOL_CALLS'
    case 'content_filter':
      return 'CONTENT_FILTER'
    case 'function_call':
      return 'FUNCTION_CALL'
    default:
      return 'UNKNOWN'
  }
}

/** null where nothing is counted, or a count cannot be one. No prompt is empty, so zeros are a server's that counts none. */
function readUsage(usage: Wire): Usage | null {
  const promptTokens = countOf(usage['prompt_tokens'])
  const completionTokens = countOf(usage['completion_tokens'])
  if (promptTokens + completionTokens === 0) return null
  const promptDetails = objectOf(usage['prompt_tokens_details'] ?? {})
  const completionDetails = objectOf(usage['completion_tokens_details'] ?? {})
  const counts = {
    promptTokens,
    completionTokens,
    totalTokens: countOf(usage['total_tokens']) || promptTokens + completionTokens,
    // DeepSeek names its cache hits so.
    cachedTokens: countOf(promptDetails['cached_tokens'] ?? usage['prompt_cache_hit_tokens']),
    reasoningTokens: countOf(completionDetails['reasoning_tokens']),
  }
  return Object.values(counts).every(isInt) ? counts : null
}

function countOf(value: unknown): number {
  return isCount(value) ? value : 0
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

/** Throws UpstreamError where there is no room for it. */
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

import type { ChoiceDelta } from '../stream/delta.ts'
import type { TokenCounts } from '../stream/token-counts.ts'
import { type Chunk, carriesAnything, keptBytes, readChunk } from './chunk.ts'
import { cutOffIn } from './cut-off.ts'
import { UpstreamError, type UpstreamErrorCode } from './error.ts'
import { isObject, type Wire } from './json.ts'
import { readErrorEvent } from './refusal.ts'
import { createToolCallPlaces } from './tool-calls.ts'
import { fullerUsage } from './usage.ts'

export interface AnswerOptions {
  /** how many choices were requested */
  choices: number
  /** how many bytes of text, tool calls and log probabilities all choices together may have */
  maxBytes: number
  apiKey: string | null
  requestId: string | null
  onChunk(chunk: Chunk): void
}

/** Receives one answer as JSON objects, whether they come as events, as one document or as a list. */
export interface IncomingAnswer {
  /** `event` is the name of the object's event, `length` the length of its JSON. Returns whether the object is progress. */
  take(wire: unknown, event: string | undefined, length: number): boolean
  /** Call it after the last object. Throws if the answer is certainly not whole. */
  end(): void
  /** True when every choice has a finish reason. */
  isFinished(): boolean
  /** The error with which the upstream reported that it cut the answer off. */
  cutOff(): UpstreamError | null
}

const notAskedFor = 'The upstream sent a choice that was not requested.'

export function createAnswer({ choices, maxBytes, apiKey, requestId, onChunk }: AnswerOptions): IncomingAnswer {
  const failure = failingWith(requestId)
  const takeBytes = createByteCount(maxBytes, requestId)
  const finished = new Set<number>()
  const spoken = new Set<number>()
  const isFinished = () => finished.size >= choices
  const toolCalls = createToolCallPlaces()
  let usage: TokenCounts | null = null
  let cutOff: UpstreamError | null = null

  function read(wire: unknown, event: string | undefined): Chunk {
    const error = readErrorEvent(event, wire, apiKey, requestId)
    if (error) {
      giveRest(wire)
      throw error
    }
    if (!isObject(wire)) throw failure('UPSTREAM_PROTOCOL', 'The upstream sent an event that is not a JSON object.')
    const chunk = readChunk(wire)
    if (chunk.choices.some(({ index }) => index >= choices)) throw failure('UPSTREAM_PROTOCOL', notAskedFor)
    return chunk
  }

  /** Text and usage in the same event as the error that ends the answer are kept, because they are paid for. */
  function giveRest(wire: unknown) {
    const chunk = readOrNull(wire, choices)
    if (chunk === null) return
    for (const choice of chunk.choices) choice.finishReason = null
    give(chunk, wire as Wire, 0)
  }

  function give(chunk: Chunk, wire: Wire, length: number) {
    takeBytes(keptBytes(chunk, length))
    if (chunk.usage !== null) {
      usage = fullerUsage(usage, chunk.usage)
      chunk.usage = usage
    }
    // Some servers (MiniMax) repeat the whole answer at the end, in the form of an answer that is not streamed.
    if (wire['object'] === 'chat.completion') chunk.choices.filter(({ index }) => spoken.has(index)).forEach(silence)
    for (const choice of chunk.choices) {
      if (saysAnything(choice)) spoken.add(choice.index)
      toolCalls.place(choice)
      if (choice.finishReason !== null) finished.add(choice.index)
    }
    onChunk(chunk)
  }

  return {
    take(wire, event, length) {
      // After a whole answer, only the usage still matters.
      const chunk = isFinished() ? readOrNull(wire, choices) : read(wire, event)
      if (chunk === null) return false
      if (!isFinished()) cutOff ??= cutOffOf(chunk, wire as Wire, apiKey, requestId)
      // A part of a tool call counts as progress even while it is held back.
      const isProgress = carriesAnything(chunk)
      give(chunk, wire as Wire, length)
      return isProgress
    },
    end() {
      if (cutOff !== null) throw cutOff
      const rest = toolCalls.end().filter((choice) => choice.toolCalls.length > 0)
      if (rest.length > 0) onChunk(chunkOf(rest.map((choice) => ({ ...nothing, ...choice }))))
    },
    isFinished,
    cutOff: () => cutOff,
  }
}

const nothing = { content: '', refusal: '', reasoning: '', logprobs: null, finishReason: null }

function chunkOf(choices: ChoiceDelta[]): Chunk {
  return { id: null, created: null, model: null, systemFingerprint: null, serviceTier: null, choices, usage: null }
}

function readOrNull(wire: unknown, choices: number): Chunk | null {
  if (!isObject(wire)) return null
  try {
    const chunk = readChunk(wire)
    return { ...chunk, choices: chunk.choices.filter(({ index }) => index < choices) }
  } catch {
    return null
  }
}

/** A choice that was cut off has not finished, even where it has a finish reason, too. */
function cutOffOf(chunk: Chunk, { choices }: Wire, apiKey: string | null, requestId: string | null) {
  let found: UpstreamError | null = null
  for (const [position, choice] of chunk.choices.entries()) {
    const cutOff = cutOffIn((choices as unknown[])[position], apiKey, requestId)
    if (cutOff !== null) choice.finishReason = null
    found ??= cutOff
  }
  return found
}

function saysAnything({ content, refusal, reasoning, toolCalls }: ChoiceDelta): boolean {
  return content !== '' || refusal !== '' || reasoning !== '' || toolCalls.length > 0
}

function silence(choice: ChoiceDelta): void {
  choice.content = ''
  choice.refusal = ''
  choice.reasoning = ''
  choice.toolCalls = []
  choice.logprobs = null
}

export function failingWith(requestId: string | null) {
  return (code: UpstreamErrorCode, message: string, cause?: unknown) =>
    new UpstreamError(code, message, { requestId, cause })
}

function createByteCount(maxBytes: number, requestId: string | null) {
  let taken = 0
  return (bytes: number) => {
    taken += bytes
    if (taken <= maxBytes) return
    const message = `The answer was cut off, because it may have no more than ${maxBytes} bytes.`
    // Not retryable, because the same request would get an answer of the same length.
    throw new UpstreamError('UPSTREAM_TRUNCATED', message, { requestId, retryable: false })
  }
}

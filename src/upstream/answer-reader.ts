import type { EventSourceMessage } from 'eventsource-parser'
import { type Chunk, carriesAnything, isObject, keptBytes, readChunk } from './chunk.ts'
import { UpstreamError, type UpstreamErrorCode } from './error.ts'
import { createEventStream, EventTooLong } from './event-stream.ts'
import { readErrorEvent } from './refusal.ts'
import { createToolCallPlaces } from './tool-calls.ts'

interface ReaderOptions {
  /** how many were asked for */
  choices: number
  /** how many bytes of text, tool calls and log probabilities it may hold, in all its choices together */
  maxBytes: number
  lenientEnd: boolean
  apiKey: string | null
  requestId: string | null
  onChunk(chunk: Chunk): void
}

const notAskedFor = 'The upstream sent a choice that was not asked for.'
const noEventStream = 'The upstream did not answer with an event stream.'
const eventTooLong = 'The upstream sent an event of more than 1 MiB.'
const noFinish = 'The upstream ended the answer without a finish.'

/** Turns the bytes of one streamed answer into chunks, and knows whether it is whole. */
export function createAnswerReader({ choices, maxBytes, lenientEnd, apiKey, requestId, onChunk }: ReaderOptions) {
  const failure = failingWith(requestId)
  const takeBytes = createByteCount(maxBytes, requestId)
  const events = createEventStream(onEvent)
  const finished = new Set<number>()
  const isFinished = () => finished.size >= choices
  const toolCalls = createToolCallPlaces()
  let stopped = false
  let done = false
  let ending = false
  let cutShort = false
  let begun = false
  let progressed = false

  function onEvent({ event, data }: EventSourceMessage) {
    if (stopped || done) return
    begun = true
    done = data.trim() === '[DONE]'
    if (done) toolCalls.end()
    const wire = done ? undefined : parse(data, event)
    if (wire !== undefined) onWire(wire, event, data.length)
  }

  function onWire(wire: unknown, event: string | undefined, length: number) {
    const error = readErrorEvent(event, wire, apiKey, requestId)
    if (error) throw error
    if (!isObject(wire)) throw failure('UPSTREAM_PROTOCOL', 'The upstream sent an event that is no JSON object.')
    const chunk = readChunk(wire)
    takeBytes(keptBytes(chunk, length))
    if (chunk.choices.some(({ index }) => index >= choices)) throw failure('UPSTREAM_PROTOCOL', notAskedFor)
    // What is held back of a call is progress, too.
    progressed ||= carriesAnything(chunk)
    for (const choice of chunk.choices) toolCalls.place(choice)
    for (const { finishReason, index } of chunk.choices) if (finishReason) finished.add(index)
    onChunk(chunk)
  }

  function parse(data: string, event: string | undefined): unknown {
    try {
      return JSON.parse(data)
    } catch (cause) {
      if (event === 'error') return data
      // The connection ended within this event: whether the answer is whole shows in what came before it.
      if (ending) {
        cutShort = true
        return undefined
      }
      throw failure('UPSTREAM_PROTOCOL', 'The upstream sent an event that is not JSON.', cause)
    }
  }

  return {
    read(bytes: Uint8Array): boolean {
      progressed = false
      try {
        events.read(bytes)
      } catch (error) {
        throw error instanceof EventTooLong ? failure('UPSTREAM_PROTOCOL', eventTooLong) : error
      }
      return progressed
    },
    end(): void {
      ending = true
      const foreignLines = events.foreignLines()
      events.end()
      // A line cut within its name is foreign.
      cutShort ||= events.foreignLines() > foreignLines
      if (stopped || done) return
      if (!isFinished() && !(lenientEnd && begun && !cutShort)) {
        const isForeign = !begun && events.foreignLines() > 0
        throw isForeign ? failure('UPSTREAM_PROTOCOL', noEventStream) : failure('UPSTREAM_TRUNCATED', noFinish)
      }
      toolCalls.end()
    },
    stop(): void {
      stopped = true
    },
    isDone: () => done,
    isFinished,
    refusal: () => null,
  }
}

function failingWith(requestId: string | null) {
  return (code: UpstreamErrorCode, message: string, cause?: unknown) =>
    new UpstreamError(code, message, { requestId, cause })
}

function createByteCount(maxBytes: number, requestId: string | null) {
  let taken = 0
  return (bytes: number) => {
    taken += bytes
    if (taken <= maxBytes) return
    const message = `The answer was cut off, since it may hold no more than ${maxBytes} bytes.`
    // Asked for again, it would be as long again.
    throw new UpstreamError('UPSTREAM_TRUNCATED', message, { requestId, retryable: false })
  }
}

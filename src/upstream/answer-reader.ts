import type { EventSourceMessage } from 'eventsource-parser'
import { failingWith, type IncomingAnswer } from './answer.ts'
import { createEventStream, EventTooLong } from './event-stream.ts'

interface ReaderOptions {
  answer: IncomingAnswer
  /** the maximum length of one event, in characters */
  maxEventLength: number
  lenientEnd: boolean
  requestId: string | null
}

const noEventStream = 'The upstream did not answer with an event stream.'
const noFinish = 'The upstream ended the answer without a finish reason.'

/** Turns the bytes of one streamed answer into JSON objects, and decides whether the answer is whole. */
export function createAnswerReader({ answer, maxEventLength, lenientEnd, requestId }: ReaderOptions) {
  const failure = failingWith(requestId)
  const events = createEventStream(onEvent, maxEventLength)
  let stopped = false
  let done = false
  let ending = false
  let cutShort = false
  let begun = false
  let progressed = false

  function onEvent({ event, data }: EventSourceMessage) {
    if (stopped || done) return
    begun = true
    done = isDoneMark(data)
    if (done) return answer.end()
    const wire = parse(data, event)
    if (wire !== undefined && answer.take(wire, event, data.length)) progressed = true
  }

  /** Returns undefined if the data is not part of the answer. */
  function parse(data: string, event: string | undefined): unknown {
    try {
      const wire: unknown = JSON.parse(data)
      return event !== 'error' && isNothing(wire) ? undefined : wire
    } catch (cause) {
      return event === 'error' ? data : skip(data, cause)
    }
  }

  function skip(data: string, cause: unknown): undefined {
    // The connection ended in the middle of this event. The events before it show whether the answer is whole.
    if (ending) cutShort = true
    if (ending || answer.isFinished() || isKeepAlive(data)) return undefined
    throw failure('UPSTREAM_PROTOCOL', 'The upstream sent an event that is not JSON.', cause)
  }

  return {
    read(bytes: Uint8Array): boolean {
      progressed = false
      try {
        events.read(bytes)
      } catch (error) {
        if (!(error instanceof EventTooLong)) throw error
        done = answer.isFinished()
        if (!done) throw failure('UPSTREAM_PROTOCOL', tooLong(maxEventLength))
      }
      return progressed
    },
    end(): void {
      ending = true
      const foreignLines = events.foreignLines()
      events.end()
      // A line that was cut within its field name counts as foreign.
      cutShort ||= events.foreignLines() > foreignLines
      if (stopped || done) return
      const cutOff = answer.cutOff()
      if (cutOff !== null) throw cutOff
      if (!answer.isFinished() && !(lenientEnd && begun && !cutShort)) {
        const isForeign = !begun && events.foreignLines() > 0
        throw isForeign ? failure('UPSTREAM_PROTOCOL', noEventStream) : failure('UPSTREAM_TRUNCATED', noFinish)
      }
      answer.end()
    },
    stop(): void {
      stopped = true
    },
    isDone: () => done,
    isFinished: answer.isFinished,
    refusal: answer.cutOff,
  }
}

function isDoneMark(data: string): boolean {
  return data.length < 16 && /^\s*"?\[DONE\]"?\s*$/i.test(data)
}

function isNothing(wire: unknown): boolean {
  return wire === null || typeof wire === 'string'
}

// A part of a chunk contains braces or quotes, and a web page contains tags.
const maxKeepAliveLength = 200
const notKeepAlive = /[{}"<]/

/** To keep the connection alive, servers and proxies send events with the data `ping`, `: keep-alive`, a time or nothing. */
function isKeepAlive(data: string): boolean {
  return data.length <= maxKeepAliveLength && !notKeepAlive.test(data)
}

function tooLong(length: number): string {
  return `The upstream sent an event of more than ${length} characters.`
}

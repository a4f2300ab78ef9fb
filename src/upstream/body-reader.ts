import { type AnswerOptions, createAnswer } from './answer.ts'
import { createAnswerReader } from './answer-reader.ts'
import { createDocumentReader } from './document-reader.ts'
import type { UpstreamError } from './error.ts'
import { createRefusalReader } from './refusal.ts'
import { type Headers, headerOf } from './retry.ts'

/** Reads a streamed answer, or the document that was sent instead of one. */
export interface ResponseReader {
  /** Returns whether the bytes are progress. Throws the error that ends the attempt. */
  read(bytes: Uint8Array): boolean
  /** Call it when the response has ended normally. Throws if the answer is not whole. */
  end(): void
  /** After it, no more chunks are passed on. */
  stop(): void
  /** True when all that follows is no longer part of the answer. */
  isDone(): boolean
  /** True when the answer is whole, however the response ends. */
  isFinished(): boolean
  /** The error that the upstream reports, as far as it was read. */
  refusal(): UpstreamError | null
}

interface BodyOptions extends AnswerOptions {
  lenientEnd: boolean
  headers: Headers
  /** Called before the first chunk, when the body is known to be an answer. */
  onAnswer(): void
}

// In characters, for events with pictures, which are the largest. It is the minimum, also if an answer may have fewer bytes,
// because an event has more than the text of the answer.
const minEventLength = 1024 * 1024

const byteOrderMark = Buffer.from('\ufeff')
const blanks: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d])
const maxBlanks = 1_024

/**
 * Reads the body of a successful response. Its first bytes decide how, not its content type: some servers label their event
 * stream `application/json`, and others send a document although a stream was requested.
 */
export function createBodyReader(options: BodyOptions): ResponseReader {
  const { headers, onAnswer } = options
  let head: Buffer = Buffer.alloc(0)
  let reader: ResponseReader | null = null
  let announced = false

  function announce() {
    if (announced) return
    announced = true
    onAnswer()
  }

  // An event stream without any data is an answer, too, and may have been paid for.
  if (!/json|html/i.test(headerOf(headers, 'content-type') ?? '')) announce()

  function choose(first: number | undefined): ResponseReader {
    const { maxBytes, apiKey, requestId, lenientEnd } = options
    if (first === 0x3c) return createRefusalReader(200, headers, apiKey)
    const answer = createAnswer(options)
    const maxLength = Math.max(minEventLength, maxBytes)
    if (first === 0x7b || first === 0x5b) {
      return createDocumentReader({ answer, headers, apiKey, maxLength, onAnswer: announce })
    }
    announce()
    return createAnswerReader({ answer, maxEventLength: maxLength, lenientEnd, requestId })
  }

  return {
    read(bytes) {
      if (reader !== null) return reader.read(bytes)
      head = Buffer.concat([head, bytes])
      const first = firstByteOf(head)
      if (first === undefined && head.length < maxBlanks) return false
      reader = choose(first)
      return reader.read(head)
    },
    end() {
      if (reader === null) {
        reader = choose(undefined)
        reader.read(head)
      }
      reader.end()
    },
    stop: () => reader?.stop(),
    isDone: () => reader?.isDone() ?? false,
    isFinished: () => reader?.isFinished() ?? false,
    refusal: () => reader?.refusal() ?? null,
  }
}

/** The first byte that is neither white space nor in a byte order mark; undefined if it has not arrived. */
function firstByteOf(head: Buffer): number | undefined {
  const isMark = byteOrderMark.subarray(0, head.length).equals(head.subarray(0, byteOrderMark.length))
  return (isMark ? head.subarray(byteOrderMark.length) : head).find((byte) => !blanks.has(byte))
}

import { type AnswerOptions, createAnswer } from './answer.ts'
import { createAnswerReader } from './answer-reader.ts'
import { createDocumentReader } from './document-reader.ts'
import type { UpstreamError } from './error.ts'
import { createRefusalReader } from './refusal.ts'
import { type Headers, headerOf } from './retry.ts'

/** Of a streamed answer, or of a document in its place. */
export interface ResponseReader {
  /** Says whether the bytes are progress; throws what ends the attempt. */
  read(bytes: Uint8Array): boolean
  /** The response ended in good order; throws where the answer did not. */
  end(): void
  /** Nothing more is handed on. */
  stop(): void
  /** What follows is no part of the answer. */
  isDone(): boolean
  /** The answer is whole, however the response ends. */
  isFinished(): boolean
  /** What the upstream says of a failure, as far as it was read. */
  refusal(): UpstreamError | null
}

interface BodyOptions extends AnswerOptions {
  lenientEnd: boolean
  headers: Headers
  /** It is an answer: called before the first chunk. */
  onAnswer(): void
}

// Of the largest events, those with pictures: an answer that may hold less has this all the same, for what is around it.
const minEventLength = 1024 * 1024

// White space, and the bytes of the byte order mark.
const blanks: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf])
const maxBlanks = 1_024

/**
 * Reads the body under a status that promised a stream by what it is: some servers call their event stream `application/json`,
 * others send a whole document although a stream was asked for.
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

  // An event stream that never says anything was an answer, too, and may have been paid for.
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
      const first = head.find((byte) => !blanks.has(byte))
      if (first === undefined && head.length < maxBlanks) return false
      reader = choose(first)
      return reader.read(head)
    },
    end() {
      reader ??= choose(undefined)
      reader.end()
    },
    stop: () => reader?.stop(),
    isDone: () => reader?.isDone() ?? false,
    isFinished: () => reader?.isFinished() ?? false,
    refusal: () => reader?.refusal() ?? null,
  }
}

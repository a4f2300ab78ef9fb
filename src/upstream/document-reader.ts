import type { IncomingAnswer } from './answer.ts'
import { UpstreamError } from './error.ts'
import { isObject, parseJson } from './json.ts'
import { readRefusal, requestIdOf } from './refusal.ts'
import type { Headers } from './retry.ts'

interface ReaderOptions {
  answer: IncomingAnswer
  headers: Headers
  apiKey: string | null
  /** in characters */
  maxLength: number
  /** It is an answer, and no error. */
  onAnswer(): void
}

/** Reads a whole JSON document under a status that promised a stream: some servers answer so, whatever was asked for. */
export function createDocumentReader({ answer, headers, apiKey, maxLength, onAnswer }: ReaderOptions) {
  const decoder = new TextDecoder()
  let document = ''
  let stopped = false

  return {
    read(bytes: Uint8Array): boolean {
      document += decoder.decode(bytes, { stream: true })
      if (document.length <= maxLength) return false
      const message = `The answer was cut off, since it may hold no more than ${maxLength} bytes.`
      throw new UpstreamError('UPSTREAM_TRUNCATED', message, { requestId: requestIdOf(headers), retryable: false })
    },
    end(): void {
      if (stopped) return
      const chunks = completionsIn(parseJson(document))
      if (chunks === null) throw readRefusal(200, headers, document, apiKey)
      onAnswer()
      for (const chunk of chunks) answer.take(chunk, undefined, document.length)
      answer.end()
    },
    stop(): void {
      stopped = true
    },
    isDone: () => false,
    isFinished: () => false,
    refusal: () => null,
  }
}

/** One completion, or the chunks of a stream as a list. */
function completionsIn(json: unknown): unknown[] | null {
  const list = Array.isArray(json) ? json : [json]
  const hasChoices = (value: unknown) =>
    isObject(value) && Array.isArray(value['choices']) && value['choices'].length > 0
  return list.some(hasChoices) ? list : null
}

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
  /** Called when the document is an answer and not an error. */
  onAnswer(): void
}

/** Reads one JSON document with a status of success: some servers answer so although a stream was requested. */
export function createDocumentReader({ answer, headers, apiKey, maxLength, onAnswer }: ReaderOptions) {
  const decoder = new TextDecoder()
  let document = ''
  let stopped = false

  return {
    read(bytes: Uint8Array): boolean {
      document += decoder.decode(bytes, { stream: true })
      if (document.length <= maxLength) return false
      const message = `The answer was cut off, because it may have no more than ${maxLength} bytes.`
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

/** The document is one completion, or a list of the chunks of a stream. */
function completionsIn(json: unknown): unknown[] | null {
  const list = Array.isArray(json) ? json : [json]
  const hasChoices = (value: unknown) =>
    isObject(value) && Array.isArray(value['choices']) && value['choices'].length > 0
  return list.some(hasChoices) ? list : null
}

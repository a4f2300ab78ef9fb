import { isReport } from './cut-off.ts'
import { UpstreamError, type UpstreamErrorCode } from './error.ts'
import { isObject, parseJson, type Wire } from './json.ts'
import { type ProviderError, providerErrorIn } from './provider-error.ts'
import { type Headers, headerOf, isTransient } from './retry.ts'

// In characters. A longer document is a web page rather than an error object.
const maxDocumentLength = 64 * 1024

/** Reads the body of a response with an HTTP status of failure, or a document that is not an answer. */
export function createRefusalReader(status: number, headers: Headers, apiKey: string | null) {
  const decoder = new TextDecoder()
  let document = ''
  const refusal = () => readRefusal(status, headers, document, apiKey)

  return {
    read(bytes: Uint8Array): boolean {
      document += decoder.decode(bytes, { stream: true })
      if (document.length > maxDocumentLength) throw refusal()
      return false
    },
    end(): void {
      throw refusal()
    },
    stop(): void {},
    isDone: () => false,
    isFinished: () => false,
    refusal,
  }
}

export function readRefusal(status: number, headers: Headers, body: string, apiKey: string | null): UpstreamError {
  const requestId = requestIdOf(headers)
  const provider = providerErrorIn(parseJson(body), apiKey)
  if (status < 300) {
    if (provider) return reportedError(provider, requestId)
    return new UpstreamError('UPSTREAM_PROTOCOL', 'The upstream did not answer with an event stream.', { requestId })
  }
  const code = codeOf(status, provider?.code ?? null)
  return new UpstreamError(code, messageOf(status, provider), {
    providerCode: provider?.code,
    type: provider?.type,
    param: provider?.param,
    httpStatus: status,
    retryable: isTransient(status) && provider?.code !== 'insufficient_quota',
    requestId,
  })
}

function messageOf(status: number, provider: ProviderError | null): string {
  const refused = 'The upstream did not accept the credentials of this server.'
  // The provider's message of a 401 is about this server's credentials and often quotes a part of the key, so it is not shown.
  // The message of a 403 may be about a model or a region that is not allowed, which the client needs to know.
  if (status === 401) return refused
  return provider?.message ?? (status === 403 ? refused : `The upstream answered with HTTP status ${status}.`)
}

/** Returns the error that an upstream reports in an event of a stream, or null if the event is not an error. */
export function readErrorEvent(
  name: string | undefined,
  data: unknown,
  apiKey: string | null,
  requestId: string | null,
) {
  const isError = name === 'error' || (isObject(data) && looksLikeError(data))
  if (!isError) return null
  const nothing = { message: null, type: null, code: null, param: null }
  return reportedError(providerErrorIn(data, apiKey) ?? nothing, requestId)
}

/**
 * Whether an event is an error. Most servers send a field `error`, and vLLM sets `object` to "error". Others send the same
 * object as in a refusal, which has no choices.
 */
function looksLikeError({ error, object, choices, errors, detail, msg, message, code, status }: Wire): boolean {
  if (object === 'error' || isReport(error)) return true
  if (choices !== undefined || object !== undefined) return false
  return isReport(errors) || isReport(detail) || (isReport(msg ?? message) && isReport(code ?? status))
}

export function requestIdOf(headers: Headers): string | null {
  return headerOf(headers, 'x-request-id')
}

function reportedError(provider: ProviderError, requestId: string | null): UpstreamError {
  return new UpstreamError('UPSTREAM_ERROR', provider.message ?? 'The upstream reported an error.', {
    providerCode: provider.code,
    type: provider.type,
    param: provider.param,
    requestId,
  })
}

function codeOf(status: number, providerCode: string | null): UpstreamErrorCode {
  if (status < 400) return 'UPSTREAM_PROTOCOL'
  if (status === 401 || status === 403) return 'UPSTREAM_AUTH'
  if (status === 429) return 'UPSTREAM_RATE_LIMITED'
  if (status >= 500) return 'UPSTREAM_UNAVAILABLE'
  return providerCode === 'content_filter' ? 'CONTENT_FILTER' : 'UPSTREAM_REFUSED'
}

import type { Failure } from '../chat/access/error.ts'
import type { Completion, CompletionErrorCode } from '../chat/completion/completion.ts'

export interface ErrorObject {
  message: string
  type: string
  param: string | null
  code: string | null
}

export interface OpenaiErrorOptions {
  status?: number
  type?: string
  code?: string | null
  param?: string | null
  retryAfterMs?: number | null
  /** False if the same request would fail again. Clients are then told not to repeat it automatically. */
  retryable?: boolean
  /** The conversation of the question, if it was stored. */
  conversationId?: string | null
  /** The id by which an error of the server is found in its log. */
  requestId?: string | null
}

/** A failure in the form that OpenAI's clients know. */
export class OpenaiError extends Error {
  override readonly name = 'OpenaiError'
  readonly status: number
  readonly object: ErrorObject
  readonly retryAfterMs: number | null
  readonly retryable: boolean
  readonly conversationId: string | null
  readonly requestId: string | null

  constructor(message: string, options: OpenaiErrorOptions = {}) {
    super(message)
    const { status = 400, code = null, param = null, type = typeOf(status) } = options
    this.status = status
    this.object = { message, type, param, code }
    this.retryAfterMs = options.retryAfterMs ?? null
    this.retryable = options.retryable ?? true
    this.conversationId = options.conversationId ?? null
    this.requestId = options.requestId ?? null
  }
}

function typeOf(status: number): string {
  if (status === 429) return 'requests'
  return status < 500 ? 'invalid_request_error' : 'server_error'
}

/** The error of a value that the client sent. `param` is the client's name for it. */
export function invalid(param: string, message: string): OpenaiError {
  return new OpenaiError(`${param}: ${message}`, { param, code: 'invalid_input' })
}

const busyRetryMs = 1_000

export function failureError(failure: Failure): OpenaiError {
  const { code, message } = failure
  const named = { code: code.toLowerCase() }
  switch (code) {
    case 'INVALID_INPUT': {
      const { path } = failure
      return new OpenaiError(message.slice(path.length + 2), { ...named, param: paramOf(path) })
    }
    case 'NOT_FOUND':
      return new OpenaiError(message, { ...named, status: 404 })
    case 'FORBIDDEN':
      return new OpenaiError(message, { ...named, status: 403 })
    case 'CONVERSATION_BUSY':
      return new OpenaiError(message, { ...named, status: 409, retryAfterMs: busyRetryMs })
    case 'IDEMPOTENCY_CONFLICT':
      return new OpenaiError(message, { ...named, status: 409, param: 'Idempotency-Key', retryable: false })
    case 'CONTEXT_TOO_LONG':
      return new OpenaiError(message, { code: 'context_length_exceeded', param: 'messages' })
    case 'RATE_LIMITED':
      return new OpenaiError(message, {
        status: 429,
        code: 'rate_limit_exceeded',
        retryAfterMs: failure.retryAfterMs,
      })
    case 'QUOTA_EXCEEDED': {
      const retryAfterMs = Math.max(0, failure.resetsAt.getTime() - Date.now())
      const options = { type: 'insufficient_quota', code: 'insufficient_quota', retryable: false }
      return new OpenaiError(message, { ...options, status: 429, retryAfterMs })
    }
    case 'UPSTREAM_ERROR':
      return completionError(failure.completion)
  }
}

// The upstream's 401 and 403 concern the credentials of this server, so they become 502.
const statuses: Record<CompletionErrorCode, number> = {
  UPSTREAM_REFUSED: 400,
  UPSTREAM_RATE_LIMITED: 429,
  UPSTREAM_AUTH: 502,
  UPSTREAM_UNAVAILABLE: 502,
  FIRST_BYTE_TIMEOUT: 504,
  IDLE_TIMEOUT: 504,
  TOTAL_TIMEOUT: 504,
  UPSTREAM_RESET: 502,
  UPSTREAM_TRUNCATED: 502,
  UPSTREAM_PROTOCOL: 502,
  UPSTREAM_ERROR: 502,
  CONTENT_FILTER: 400,
  SERVER_LOST: 503,
  SERVER_DRAINED: 503,
  STORAGE: 503,
  CANCELLED: 409,
}

// The statuses of an upstream that clients get. All others concern only the connection between this server and the upstream.
const passedOn: readonly (number | null)[] = [400, 402, 404, 409, 413, 415, 422]

/** Returns the error of a completion that did not end well. */
export function completionError({ error, conversationId }: Completion): OpenaiError {
  if (error === null) return new OpenaiError('The answer did not come whole.', { status: 502, conversationId })
  const { code, message, providerCode, type, param, httpStatus, retryable } = error
  const isPassedOn = code === 'UPSTREAM_REFUSED' && passedOn.includes(httpStatus)
  const status = providerCode === 'model_not_found' ? 404 : isPassedOn ? (httpStatus ?? 400) : statuses[code]
  return new OpenaiError(message, {
    status,
    code: providerCode ?? code.toLowerCase(),
    param,
    retryable,
    conversationId,
    ...(type === null ? {} : { type }),
  })
}

const wireNames: Record<string, string> = {
  parts: 'content',
  image: 'image_url',
  audio: 'input_audio',
  callId: 'id',
  idempotencyKey: 'Idempotency-Key',
}

/** Turns a path such as `input.messages.0.parts` into the client's name for it, such as `messages[0].content`. */
function paramOf(path: string): string {
  const place = path.replace(/^input\.(?:start\.)?(?:completion\.)?/, '')
  // The client sent this name, so it stays unchanged.
  if (place.startsWith('wireParameters.')) return place.slice('wireParameters.'.length)
  const names = place.split('.')
  return names.map(wireNameOf).join('').replace(/^\./, '')
}

function wireNameOf(name: string): string {
  if (/^\d+$/.test(name)) return `[${name}]`
  return `.${wireNames[name] ?? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`
}

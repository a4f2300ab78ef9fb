export type UpstreamErrorCode =
  | 'UPSTREAM_REFUSED'
  | 'UPSTREAM_RATE_LIMITED'
  | 'UPSTREAM_AUTH'
  | 'UPSTREAM_UNAVAILABLE'
  | 'FIRST_BYTE_TIMEOUT'
  | 'IDLE_TIMEOUT'
  | 'TOTAL_TIMEOUT'
  | 'UPSTREAM_RESET'
  | 'UPSTREAM_TRUNCATED'
  | 'UPSTREAM_PROTOCOL'
  | 'UPSTREAM_ERROR'
  | 'CONTENT_FILTER'

interface UpstreamErrorDetails {
  providerCode?: string | null
  type?: string | null
  param?: string | null
  httpStatus?: number | null
  retryable?: boolean
  requestId?: string | null
  cause?: unknown
}

const transient: ReadonlySet<UpstreamErrorCode> = new Set([
  'UPSTREAM_RATE_LIMITED',
  'UPSTREAM_UNAVAILABLE',
  'FIRST_BYTE_TIMEOUT',
  'IDLE_TIMEOUT',
  'TOTAL_TIMEOUT',
  'UPSTREAM_RESET',
  'UPSTREAM_TRUNCATED',
  'UPSTREAM_ERROR',
])

/** All its fields except `cause` may be shown to a client. `providerCode`, `type` and `param` are the provider's own words. */
export class UpstreamError extends Error {
  readonly code: UpstreamErrorCode
  readonly providerCode: string | null
  readonly type: string | null
  readonly param: string | null
  /** Set if the failure is the HTTP status. */
  readonly httpStatus: number | null
  /** Whether the same request may succeed later, as a whole and from its start. */
  readonly retryable: boolean
  readonly requestId: string | null

  constructor(code: UpstreamErrorCode, message: string, details: UpstreamErrorDetails = {}) {
    super(message, { cause: details.cause })
    this.name = 'UpstreamError'
    this.code = code
    this.providerCode = details.providerCode ?? null
    this.type = details.type ?? null
    this.param = details.param ?? null
    this.httpStatus = details.httpStatus ?? null
    this.retryable = details.retryable ?? transient.has(code)
    this.requestId = details.requestId ?? null
  }
}

/** Why a completion did not end well, in codes of this service. A code is stored, so it must never be renamed. */
export type CompletionErrorCode =
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
  | 'SERVER_LOST'
  | 'SERVER_DRAINED'
  | 'STORAGE'
  | 'CANCELLED'

export interface CompletionError {
  code: CompletionErrorCode
  message: string
  providerCode: string | null
  type: string | null
  param: string | null
  httpStatus: number | null
  retryable: boolean
}

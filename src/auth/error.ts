/** UNAUTHENTICATED: the client could not be identified. UNAVAILABLE: the credentials cannot be checked at the moment. */
export type AuthErrorCode = 'UNAUTHENTICATED' | 'UNAVAILABLE'

/** The message of UNAUTHENTICATED may be shown to the client. */
export class AuthError extends Error {
  override readonly name = 'AuthError'
  readonly code: AuthErrorCode
  /** For the log: what was wrong. It never quotes the credentials. */
  readonly reason: string

  constructor(code: AuthErrorCode, message: string, reason: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
    this.reason = reason
  }
}

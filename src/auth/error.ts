/** UNAUTHENTICATED: whoever asks could not be made out. UNAVAILABLE: that cannot be told now, ask again later. */
export type AuthErrorCode = 'UNAUTHENTICATED' | 'UNAVAILABLE'

/** Of UNAUTHENTICATED the message may be shown to whoever asks. */
export class AuthError extends Error {
  override readonly name = 'AuthError'
  readonly code: AuthErrorCode
  /** For the log: what was wrong, in words of ours, never of the credentials. */
  readonly reason: string

  constructor(code: AuthErrorCode, message: string, reason: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
    this.reason = reason
  }
}

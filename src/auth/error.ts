/** Whoever asks could not be made out; `message` may be shown to them. */
export class AuthError extends Error {
  readonly code = 'UNAUTHENTICATED'

  constructor(message: string) {
    super(message)
    this.name = 'AuthError'
  }
}

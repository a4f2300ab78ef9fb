export interface Identity {
  /** stable and unique: what a user is found by */
  subject: string
  /** to be shown; null where the credentials tell none */
  name: string | null
  /** null where the credentials do not expire */
  expiresAt: Date | null
  /** of the API key, where that is what signs in; it can be revoked */
  apiKeyId: string | null
}

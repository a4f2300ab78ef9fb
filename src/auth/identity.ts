export interface Identity {
  /** identifies the user; stable and unique */
  subject: string
  /** the name to show; null if the credentials have none */
  name: string | null
  /** null if the credentials do not expire */
  expiresAt: Date | null
  /** the id of the API key if the client signed in with one, which can be revoked; else null */
  apiKeyId: string | null
}

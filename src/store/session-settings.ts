/** What a session at Postgres may take, in milliseconds; null for as long as it likes. */
export interface SessionLimits {
  statementMs: number | null
  lockMs: number | null
  /** How long a transaction may stay open while nothing is asked in it, such as after its client has vanished. */
  idleTransactionMs: number | null
}

/**
 * The URL with the settings of its sessions. They go with the startup packet, so they hold from the first statement on,
 * cost no round trip, and end with the session. The options that the URL has already are kept.
 */
export function withSessionSettings(url: string, limits: SessionLimits): string {
  const settings = {
    // Prisma's adapter writes and reads times without their zone, which is right only where the session's is UTC.
    TimeZone: 'UTC',
    // Zero is no limit, also where the role or the database has one.
    statement_timeout: limits.statementMs ?? 0,
    lock_timeout: limits.lockMs ?? 0,
    idle_in_transaction_session_timeout: limits.idleTransactionMs ?? 0,
  }
  const own = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`)
  // Not by URL, which refuses some that Postgres's own clients take, such as postgres://user@/name.
  const [address = '', query = ''] = url.split('?', 2)
  const parameters = new URLSearchParams(query)
  parameters.set('options', [...parameters.getAll('options'), ...own].join(' '))
  return `${address}?${parameters}`
}

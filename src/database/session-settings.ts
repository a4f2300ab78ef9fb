/** The time limits of a session at Postgres, in milliseconds; null for no limit. */
export interface SessionLimits {
  statementMs: number | null
  lockMs: number | null
  /** How long a transaction may stay open without a statement, for example after its client has disappeared. */
  idleTransactionMs: number | null
}

/**
 * The settings are statements and not in the startup packet, because PgBouncer refuses a connection with most settings in it.
 */
export function sessionSettings(limits: SessionLimits): string {
  const settings = {
    // Prisma's adapter writes and reads times without their zone, which is correct only if the zone of the session is UTC.
    TimeZone: "'UTC'",
    // Zero means no limit, even if the role or the database has one.
    statement_timeout: limits.statementMs ?? 0,
    lock_timeout: limits.lockMs ?? 0,
    idle_in_transaction_session_timeout: limits.idleTransactionMs ?? 0,
  }
  return Object.entries(settings)
    .map(([name, value]) => `SET ${name} = ${value}`)
    .join('; ')
}

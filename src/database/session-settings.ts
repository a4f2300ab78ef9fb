/** What a session at Postgres may take, in milliseconds; null for as long as it likes. */
export interface SessionLimits {
  statementMs: number | null
  lockMs: number | null
  /** How long a transaction may stay open while nothing is asked in it, such as after its client has vanished. */
  idleTransactionMs: number | null
}

/** As statements, and not in the startup packet: PgBouncer refuses a connection for most settings that it finds there. */
export function sessionSettings(limits: SessionLimits): string {
  const settings = {
    // Prisma's adapter writes and reads times without their zone, which is right only where the session's is UTC.
    TimeZone: "'UTC'",
    // Zero is no limit, also where the role or the database has one.
    statement_timeout: limits.statementMs ?? 0,
    lock_timeout: limits.lockMs ?? 0,
    idle_in_transaction_session_timeout: limits.idleTransactionMs ?? 0,
  }
  return Object.entries(settings)
    .map(([name, value]) => `SET ${name} = ${value}`)
    .join('; ')
}

import type { Replicas } from '../../store/replica.ts'

/**
 * Tells which replicas are lost. The database's clock alone does not: while the database stands still nobody can renew a
 * lease, and afterwards all leases have run out, those of the living too. So a lease has run out when it was seen unchanged for
 * as long as a lease lasts, by the clock of this process, while the database answered quickly all the time.
 */
export interface LeaseWatch {
  /** How often to look, in ms. */
  readonly everyMs: number
  /** Reads the leases of the others, and fences whoever has lost theirs. Resolves to whether it fenced any. */
  look(): Promise<boolean>
}

interface Seen {
  until: string
  /** On the clock of performance.now(). */
  sinceMs: number
}

/** Of a lease. A replica that is well renews its own as often, so that it can be seen to. */
const quickShare = 1 / 4
const lookShare = 1 / 20
/** A lease of many seconds may be found to be over so much later. */
const maxPeriodMs = 500

export function createLeaseWatch(replicas: Replicas, replicaId: () => string, leaseMs: number): LeaseWatch {
  let seen = new Map<string, Seen>()
  let lookedMs = Number.NEGATIVE_INFINITY

  return {
    everyMs: Math.min(maxPeriodMs, leaseMs * lookShare),
    async look() {
      const askedMs = performance.now()
      const leases = await replicas.leases(replicaId())
      const answeredMs = performance.now()
      // Something stood still since the last look, this process or the database: others may have been unable to renew.
      const wasQuick = answeredMs - lookedMs <= leaseMs * quickShare
      const before = wasQuick ? seen : new Map<string, Seen>()
      lookedMs = answeredMs
      seen = new Map(
        leases.map(({ id, until }) => {
          const known = before.get(id)
          return [id, known?.until === until ? known : { until, sinceMs: answeredMs }]
        }),
      )
      const lost = leases.filter(({ id }) => askedMs - (seen.get(id)?.sinceMs ?? askedMs) >= leaseMs)
      for (const lease of lost) await replicas.fence(lease)
      return lost.length > 0
    },
  }
}

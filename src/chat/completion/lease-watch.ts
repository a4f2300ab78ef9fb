import type { Replicas } from '../../store/replica.ts'

/**
 * Finds out which replicas are lost. The clock of the database is not enough: while the database is stalled no replica can
 * renew its lease, and afterwards all leases have run out, also those of healthy replicas. So a lease counts as expired only
 * when this process has read it unchanged for the duration of a lease, by its own clock, and the database answered quickly all
 * the time.
 */
export interface LeaseWatch {
  /** How often to check, in ms. */
  readonly everyMs: number
  /** Reads the leases of the other replicas and fences each one that has expired. Resolves with whether any was fenced. */
  check(): Promise<boolean>
}

interface UnchangedLease {
  until: string
  /** When it was first read with this value, on the clock of performance.now(). */
  sinceMs: number
}

/** Shares of a lease. A healthy replica renews its lease at least once in the first of them, so that the renewal is noticed. */
const quickShare = 1 / 4
const checkShare = 1 / 20
/** For long leases: the expiry of a lease is noticed at most this much later. */
const maxPeriodMs = 500

export function createLeaseWatch(replicas: Replicas, replicaId: () => string, leaseMs: number): LeaseWatch {
  let unchanged = new Map<string, UnchangedLease>()
  let checkedMs = Number.NEGATIVE_INFINITY

  return {
    everyMs: Math.min(maxPeriodMs, leaseMs * checkShare),
    async check() {
      const askedMs = performance.now()
      const leases = await replicas.leases(replicaId())
      const answeredMs = performance.now()
      // If this process or the database was stalled since the last check, other replicas may have been unable to renew.
      const wasQuick = answeredMs - checkedMs <= leaseMs * quickShare
      const before = wasQuick ? unchanged : new Map<string, UnchangedLease>()
      checkedMs = answeredMs
      unchanged = new Map(
        leases.map(({ id, until }) => {
          const last = before.get(id)
          return [id, last?.until === until ? last : { until, sinceMs: answeredMs }]
        }),
      )
      const lost = leases.filter(({ id }) => askedMs - (unchanged.get(id)?.sinceMs ?? askedMs) >= leaseMs)
      for (const lease of lost) await replicas.fence(lease)
      return lost.length > 0
    },
  }
}

import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Identity } from './identity.ts'
import type { KeyWatchOptions } from './key-watch.ts'

export interface IdentityCache {
  identify(authorization: string): Promise<Identity>
  close(): void
}

/**
 * How long a revoked key may still be accepted at most if the notice of its revocation was lost. Open connections are watched
 * separately.
 */
const cachedMs = 3_000
const maxIdentities = 10_000

/**
 * Caches the identity of credentials for seconds, because looking up a key or checking a signature costs more than most
 * requests.
 */
export function createIdentityCache(
  identify: IdentityCache['identify'],
  onRevocation: KeyWatchOptions['onRevocation'],
): IdentityCache {
  const cache = new LRUCache<string, Identity>({ max: maxIdentities, perf: { now: () => Date.now() } })
  let revocations = 0

  function remember(fingerprint: string, identity: Identity) {
    const leftMs = (identity.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY) - Date.now()
    // lru-cache keeps an entry until its ttl is exceeded, and a ttl of 0 means for ever.
    const ttl = Math.min(cachedMs, Math.floor(leftMs)) - 1
    if (ttl > 0) cache.set(fingerprint, identity, { ttl })
  }

  const unsubscribe = onRevocation((keyIds) => {
    revocations += 1
    for (const [fingerprint, { apiKeyId }] of cache.entries()) {
      if (apiKeyId !== null && keyIds.includes(apiKeyId)) cache.delete(fingerprint)
    }
  })

  return {
    async identify(authorization) {
      // The cache has a hash instead of the credentials, which might be found in a memory dump.
      const fingerprint = createHash('sha256').update(authorization).digest('base64')
      const cached = cache.get(fingerprint)
      if (cached !== undefined) return cached
      const revocationsBefore = revocations
      const identity = await identify(authorization)
      // If a notice of a revocation came during the lookup, the identity is not cached, because it may be older than the
      // revocation.
      if (revocations === revocationsBefore) remember(fingerprint, identity)
      return identity
    },
    close: unsubscribe,
  }
}

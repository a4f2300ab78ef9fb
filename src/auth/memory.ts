import { createHash } from 'node:crypto'
import type { Identity } from './identity.ts'
import type { KeyWatchOptions } from './key-watch.ts'

export interface Memory {
  identify(authorization: string): Promise<Identity>
  close(): void
}

/** What a lost word of a revocation costs at most, beside what is open. */
const rememberedMs = 3_000
const rememberedMost = 10_000

/** Remembers for seconds whom credentials name: to look up a key, or to check a signature, costs more than most requests. */
export function createMemory(identify: Memory['identify'], onWord: KeyWatchOptions['onWord']): Memory {
  const known = new Map<string, { identity: Identity; until: number }>()
  let words = 0

  function remember(fingerprint: string, identity: Identity) {
    if (known.size >= rememberedMost) known.clear()
    const end = identity.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY
    known.set(fingerprint, { identity, until: Math.min(Date.now() + rememberedMs, end) })
  }

  const unsubscribe = onWord((keyIds) => {
    words += 1
    for (const [fingerprint, { identity }] of known) {
      if (identity.apiKeyId !== null && keyIds.includes(identity.apiKeyId)) known.delete(fingerprint)
    }
  })

  return {
    async identify(authorization) {
      // Not the credentials themselves, which might be found in a dump of the memory.
      const fingerprint = createHash('sha256').update(authorization).digest('base64')
      const found = known.get(fingerprint)
      if (found !== undefined && Date.now() < found.until) return found.identity
      const wordsBefore = words
      const identity = await identify(authorization)
      // It may have been looked up before a revocation of which the word has come meanwhile.
      if (words === wordsBefore) remember(fingerprint, identity)
      return identity
    },
    close: unsubscribe,
  }
}

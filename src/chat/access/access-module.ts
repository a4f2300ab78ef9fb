import type { Bus } from '../../bus/bus.ts'
import type { Store } from '../../store/store.ts'
import { type AccessWatches, createAccessWatches } from './access-watch.ts'
import { type ApiKeys, createApiKeys, type MintKey } from './api-key.ts'
import { createLimits, type Limits } from './limits.ts'
import type { Log } from './log.ts'
import { meteredWrites } from './metered-writes.ts'
import { createViewers, type Viewers } from './viewer.ts'

/** Viewers, what they may see, and how much they may do. */
export interface AccessModule {
  viewers: Viewers
  apiKeys: ApiKeys
  limits: Limits
  accessWatches: AccessWatches
  start(): void
  stop(): void
}

export interface AccessOptions {
  store: Store
  bus: Bus
  log: Log
  mintKey: MintKey
  requestsPerMinute: number
  streamsPerUser: number
}

export function createAccessModule({ store, bus, log, mintKey, ...settings }: AccessOptions): AccessModule {
  const limits = createLimits(settings)
  const accessWatches = createAccessWatches(store, bus, log)
  return {
    viewers: createViewers(store),
    apiKeys: meteredWrites(limits, createApiKeys(store, bus, mintKey), 'create', 'revoke'),
    limits,
    accessWatches,
    start: accessWatches.start,
    stop: accessWatches.stop,
  }
}

import type { Completion } from '../../store/completion.ts'
import type { Store } from '../../store/store.ts'
import type { Log } from '../access/log.ts'
import { createPoller } from '../access/poller.ts'
import type { ActiveCompletions } from '../answer/active-completion.ts'
import type { Replica } from '../answer/replica.ts'
import { isRefusal } from './ending.ts'
import { createLeaseWatch } from './lease-watch.ts'
import type { EndOrphan } from './orphan.ts'
import type { TurnQueue } from './turn-queue.ts'

/** Ends the answers of servers that were lost, with the text that they had logged, and goes on with what waited there. */
export interface Recovery {
  /** Once, where no other server can be there. */
  takeOver(): Promise<void>
  start(): void
  stop(): void
}

const periodMs = 1_000
/** Fewer than the database has connections. */
const endsAtOnce = 5

export interface RecoveryOptions {
  store: Store
  endOrphan: EndOrphan
  replica: Replica
  activeCompletions: ActiveCompletions
  turnQueue: TurnQueue
  log: Log
}

export function createRecovery({
  store,
  endOrphan,
  replica,
  activeCompletions,
  turnQueue,
  log,
}: RecoveryOptions): Recovery {
  const leases = createLeaseWatch(store.replicas, replica.id, replica.leaseMs)
  let isBlind = false
  /** Whose end the database refuses, even a plain one. A next start tries again. */
  const refused = new Set<string>()

  async function endUnlessRefused(orphan: Completion) {
    try {
      await endOrphan(orphan)
    } catch (error) {
      if (!isRefusal(error)) throw error
      refused.add(orphan.id)
      log.error({ err: error, completionId: orphan.id }, 'an answer whose server was lost cannot be ended')
    }
  }

  /** One that cannot be ended keeps nobody else's answer from its end. Rejects where the database cannot serve now. */
  async function endEach(orphans: readonly Completion[]) {
    const left = orphans.filter(({ id }) => !refused.has(id))
    for (let from = 0; from < left.length; from += endsAtOnce) {
      const ends = await Promise.allSettled(left.slice(from, from + endsAtOnce).map(endUnlessRefused))
      for (const end of ends) if (end.status === 'rejected') throw end.reason
    }
  }

  const endOrphans = async () => endEach(await store.replicas.orphans())

  // Inserted although the database was lost before it could say so: whoever asked was told that it cannot serve.
  async function endUnknown() {
    const ids = await store.replicas.streaming(replica.id())
    const unknown = ids.filter((id) => activeCompletions.get(id) === null)
    if (unknown.length > 0) await endEach(await store.completions.load(unknown))
  }

  const takeOverPoller = createPoller({
    everyMs: periodMs,
    async work() {
      await endOrphans()
      await turnQueue.takeOver()
      await endUnknown()
    },
    onError: (error) => log.warn({ err: error }, 'lost answers could not be looked for; the next try follows'),
  })
  const leasePoller = createPoller({
    everyMs: leases.everyMs,
    async work() {
      if (await leases.look()) takeOverPoller.wake()
      isBlind = false
    },
    onError(error) {
      if (!isBlind) log.warn({ err: error }, 'the leases of other servers cannot be read; nobody is taken for lost')
      isBlind = true
    },
  })

  return {
    async takeOver() {
      await store.replicas.fenceOthers(replica.id())
      await endOrphans()
      await turnQueue.takeOver()
    },
    start() {
      takeOverPoller.start()
      leasePoller.start()
    },
    stop() {
      takeOverPoller.stop()
      leasePoller.stop()
    },
  }
}

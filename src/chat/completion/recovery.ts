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

/** Ends the answers of lost replicas with the text that they had logged, and takes over the questions that waited there. */
export interface Recovery {
  /** Does this once, at the start of a process that is the only one of its database. */
  takeOver(): Promise<void>
  start(): void
  stop(): void
}

const periodMs = 1_000
/** Fewer than the connections to the database, so that other work still gets one. */
const maxParallelEnds = 5

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
  let hasWarned = false
  /** Answers whose end the database refuses, even a plain one. The next start of a server tries again. */
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

  /** An answer that cannot be ended does not keep the others from their end. Rejects if the database is away. */
  async function endEach(orphans: readonly Completion[]) {
    const left = orphans.filter(({ id }) => !refused.has(id))
    for (let from = 0; from < left.length; from += maxParallelEnds) {
      const ends = await Promise.allSettled(left.slice(from, from + maxParallelEnds).map(endUnlessRefused))
      for (const end of ends) if (end.status === 'rejected') throw end.reason
    }
  }

  const endOrphans = async () => endEach(await store.replicas.orphans())

  // Ends completions that were inserted although the connection to the database was lost before the reply: their clients were
  // told that the request failed, and no answer is streamed for them.
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
    onError: (error) =>
      log.warn(
        { err: error },
        'answers of lost servers could not be looked for; the next attempt follows within a second',
      ),
  })
  const leasePoller = createPoller({
    everyMs: leases.everyMs,
    async work() {
      if (await leases.check()) takeOverPoller.wake()
      hasWarned = false
    },
    onError(error) {
      if (!hasWarned)
        log.warn({ err: error }, 'the leases of other servers cannot be read; none of them is taken for lost')
      hasWarned = true
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

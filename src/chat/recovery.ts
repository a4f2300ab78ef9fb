import type { Completion } from '../store/completion.ts'
import type { Store } from '../store/store.ts'
import { isRefusal } from './ending.ts'
import { createLeaseWatch } from './lease-watch.ts'
import type { LiveAnswers } from './live.ts'
import type { Log } from './log.ts'
import type { EndOrphan } from './orphan.ts'
import type { Queue } from './queue.ts'
import type { Replica } from './replica.ts'

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
  lives: LiveAnswers
  queue: Queue
  log: Log
}

export function createRecovery({ store, endOrphan, replica, lives, queue, log }: RecoveryOptions): Recovery {
  const leases = createLeaseWatch(store.replicas, replica.id, replica.leaseMs)
  let timer: NodeJS.Timeout | undefined
  let leaseTimer: NodeJS.Timeout | undefined
  let isRunning = false
  let isLooking = false
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

  // Written although the database was lost before it could say so: whoever asked was told that it cannot serve.
  async function endUnknown() {
    const ids = await store.replicas.streaming(replica.id())
    const unknown = ids.filter((id) => lives.get(id) === null)
    if (unknown.length > 0) await endEach(await store.completions.load(unknown))
  }

  async function lookForLost() {
    if (isLooking) return
    isLooking = true
    try {
      if (await leases.look()) void tick()
      isBlind = false
    } catch (error) {
      if (!isBlind) log.warn({ err: error }, 'the leases of other servers cannot be read; nobody is taken for lost')
      isBlind = true
    }
    isLooking = false
  }

  async function tick() {
    if (isRunning) return
    isRunning = true
    try {
      await endOrphans()
      await queue.takeOver()
      await endUnknown()
    } catch (error) {
      log.warn({ err: error }, 'lost answers could not be looked for; the next try follows')
    }
    isRunning = false
  }

  return {
    async takeOver() {
      await store.replicas.fenceOthers(replica.id())
      await endOrphans()
      await queue.takeOver()
    },
    start() {
      timer = setInterval(() => void tick(), periodMs)
      leaseTimer = setInterval(() => void lookForLost(), leases.everyMs)
    },
    stop() {
      clearInterval(timer)
      clearInterval(leaseTimer)
    },
  }
}

import type { Bus } from '../../bus/bus.ts'
import type { Completion } from '../../store/completion.ts'
import type { Store } from '../../store/store.ts'
import type { Log } from '../access/log.ts'
import { createPoller } from '../access/poller.ts'
import type { ActiveCompletions } from './active-completion.ts'
import type { AnswerLookup } from './answer-lookup.ts'
import type { Replica } from './replica.ts'

export interface Canceller {
  /** Stops the completion at whichever replica streams it. Resolves with the ended completion. */
  cancel(completion: Completion, signal?: AbortSignal): Promise<Completion>
  start(): void
  stop(): void
}

/** Covers a lost wake-up. */
const pollMs = 1_000

export function createCanceller(
  store: Store,
  bus: Bus,
  replica: Replica,
  activeCompletions: ActiveCompletions,
  answers: AnswerLookup,
  log: Log,
): Canceller {
  let unsubscribe = () => {}

  async function stopRequested() {
    if (activeCompletions.running().length === 0) return
    for (const id of await store.completions.cancelRequested(replica.id())) activeCompletions.stop(id, 'CANCELLED')
  }

  const poller = createPoller({
    everyMs: pollMs,
    work: stopRequested,
    onError: (error) =>
      log.warn({ err: error }, 'requests to cancel could not be read; the next attempt follows within a second'),
  })

  return {
    async cancel(completion, signal) {
      if (!activeCompletions.stop(completion.id, 'CANCELLED')) {
        await store.completions.requestCancel(completion.id)
        bus.publish('stop', [completion.id])
      }
      return answers.ended(await answers.open(completion), signal)
    },
    start() {
      unsubscribe = bus.subscribe('stop', (ids) => {
        if (ids.some((id) => activeCompletions.get(id) !== null)) poller.wake()
      })
      poller.start()
    },
    stop() {
      poller.stop()
      unsubscribe()
    },
  }
}

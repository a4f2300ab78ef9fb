import type { Completion } from '../store/completion.ts'
import type { Store } from '../store/store.ts'
import type { Bus } from '../stream/bus.ts'
import type { Answers } from './answers.ts'
import type { LiveAnswers } from './live.ts'
import type { Log } from './log.ts'
import type { Replica } from './replica.ts'

export interface Canceller {
  /** Stops it wherever it is streamed; resolves with what became of it. */
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
  lives: LiveAnswers,
  answers: Answers,
  log: Log,
): Canceller {
  let timer: NodeJS.Timeout | undefined
  let unsubscribe = () => {}

  async function stopRequested() {
    try {
      for (const id of await store.completions.cancelRequested(replica.id())) lives.stop(id, 'CANCELLED')
    } catch (error) {
      log.warn({ err: error }, 'cancellations could not be looked for; the next try follows')
    }
  }

  function wake(ids: readonly string[]) {
    if (ids.some((id) => lives.get(id) !== null)) void stopRequested()
  }

  return {
    async cancel(completion, signal) {
      if (!lives.stop(completion.id, 'CANCELLED')) {
        await store.completions.requestCancel(completion.id)
        bus.publish('stop', [completion.id])
      }
      return answers.ended(await answers.open(completion), signal)
    },
    start() {
      unsubscribe = bus.subscribe('stop', wake)
      timer = setInterval(() => {
        if (lives.running().length > 0) void stopRequested()
      }, pollMs)
    },
    stop() {
      clearInterval(timer)
      unsubscribe()
    },
  }
}

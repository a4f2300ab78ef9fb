import type { Bus } from '../../bus/bus.ts'
import type { ParticipantKey } from '../../store/participant.ts'
import type { Store } from '../../store/store.ts'
import type { Log } from './log.ts'
import { createPoller } from './poller.ts'

/** Ends the watching of viewers at this replica who lose access to a conversation. One statement checks all of them. */
export interface AccessWatches {
  /** If the conversation is null, the access cannot be lost. */
  watch(viewerId: string, conversationId: string | null): AccessWatch
  /** Ends the watches of a participant at once. Call it when this replica has stored the loss, before it announces it. */
  revoke(key: ParticipantKey): void
  start(): void
  stop(): void
}

export interface AccessWatch {
  /** Aborts when the viewer is no longer a participant of the conversation. */
  readonly lost: AbortSignal
  leave(): void
}

interface Watch extends ParticipantKey {
  stopper: AbortController
}

/** Covers a lost wake-up. */
const pollMs = 1_000

const keyOf = ({ conversationId, userId }: ParticipantKey) => `${conversationId} ${userId}`

export function createAccessWatches({ participants }: Store, bus: Bus, log: Log): AccessWatches {
  const watches = new Set<Watch>()
  let unsubscribe = () => {}

  function end(ended: readonly Watch[]) {
    for (const watch of ended) {
      watches.delete(watch)
      watch.stopper.abort()
    }
  }

  async function check(asked: readonly Watch[]) {
    if (asked.length === 0) return
    const lost = new Set((await participants.absent(asked)).map(keyOf))
    end(asked.filter((watch) => lost.has(keyOf(watch))))
  }

  const onError = (error: unknown) => {
    log.warn({ err: error }, 'could not check who may still watch; the next attempt follows within a second')
  }
  const poller = createPoller({ everyMs: pollMs, work: () => check([...watches]), onError })

  return {
    watch(userId, conversationId) {
      const stopper = new AbortController()
      if (conversationId === null) return { lost: stopper.signal, leave() {} }
      const watch = { userId, conversationId, stopper }
      watches.add(watch)
      return { lost: stopper.signal, leave: () => watches.delete(watch) }
    },
    revoke(key) {
      end([...watches].filter((watch) => keyOf(watch) === keyOf(key)))
    },
    start() {
      unsubscribe = bus.subscribe('access', (ids) => {
        check([...watches].filter(({ conversationId }) => ids.includes(conversationId))).catch(onError)
      })
      poller.start()
    },
    stop() {
      poller.stop()
      unsubscribe()
    },
  }
}

import type { ParticipantPlace } from '../store/participant.ts'
import type { Store } from '../store/store.ts'
import type { Bus } from '../stream/bus.ts'
import type { Log } from './log.ts'

/** Who watches what at this replica, and whether they still may. One statement asks for all of them. */
export interface Access {
  /** Without a conversation there is nothing that others could take away. */
  watch(viewerId: string, conversationId: string | null): AccessWatch
  /** For a loss that this replica has just stored: at once, before anybody hears of it. */
  revoke(place: ParticipantPlace): void
  start(): void
  stop(): void
}

export interface AccessWatch {
  /** Aborts when the viewer takes part in the conversation no longer. */
  readonly lost: AbortSignal
  leave(): void
}

interface Watch extends ParticipantPlace {
  stopper: AbortController
}

/** Covers a lost wake-up. */
const pollMs = 1_000

const keyOf = ({ conversationId, userId }: ParticipantPlace) => `${conversationId} ${userId}`

export function createAccess({ participants }: Store, bus: Bus, log: Log): Access {
  const watches = new Set<Watch>()
  let isPolling = false
  let timer: NodeJS.Timeout | undefined
  let unsubscribe = () => {}

  function end(ended: readonly Watch[]) {
    for (const watch of ended) {
      watches.delete(watch)
      watch.stopper.abort()
    }
  }

  async function check(asked: readonly Watch[]) {
    if (asked.length === 0) return
    try {
      const lost = new Set((await participants.absent(asked)).map(keyOf))
      end(asked.filter((watch) => lost.has(keyOf(watch))))
    } catch (error) {
      log.warn({ err: error }, 'who may still watch could not be asked; the next try follows')
    }
  }

  async function poll() {
    if (isPolling) return
    isPolling = true
    await check([...watches])
    isPolling = false
  }

  return {
    watch(userId, conversationId) {
      const stopper = new AbortController()
      if (conversationId === null) return { lost: stopper.signal, leave() {} }
      const watch = { userId, conversationId, stopper }
      watches.add(watch)
      return { lost: stopper.signal, leave: () => watches.delete(watch) }
    },
    revoke(place) {
      end([...watches].filter((watch) => keyOf(watch) === keyOf(place)))
    },
    start() {
      unsubscribe = bus.subscribe('access', (ids) => {
        void check([...watches].filter(({ conversationId }) => ids.includes(conversationId)))
      })
      timer = setInterval(() => void poll(), pollMs)
    },
    stop() {
      clearInterval(timer)
      unsubscribe()
    },
  }
}

import { type Client, createClient } from 'graphql-ws/client'

export interface Connection {
  socket: Client
  isLost(): boolean
  onChange(listener: () => void): () => void
}

const keepAliveMs = 10_000
const pongWaitMs = 5_000
const retryWaitMaxMs = 5_000
const unauthorized = 4401

/** One socket for the page, opened at once and for good: so the page knows when the server is gone. */
export function connect(authorization: string | null): Connection {
  const listeners = new Set<() => void>()
  let lost = false
  let pongTimer: ReturnType<typeof setTimeout> | undefined

  function setLost(next: boolean) {
    lost = next
    for (const listener of listeners) listener()
  }

  const socket = createClient({
    url: `${location.origin.replace(/^http/, 'ws')}/graphql`,
    connectionParams: authorization === null ? {} : { authorization },
    lazy: false,
    retryAttempts: Number.POSITIVE_INFINITY,
    retryWait: waitToRetry,
    // A server that is away shows as a bare error event, which the library would take for final.
    shouldRetry: () => true,
    // The closed listener has told the page already.
    onNonLazyError: () => {},
    keepAlive: keepAliveMs,
    on: {
      connected: () => setLost(false),
      closed: (event) => {
        clearTimeout(pongTimer)
        // Whoever is refused is not reconnected; the answers over HTTP say why.
        setLost(!(event instanceof CloseEvent && event.code === unauthorized))
      },
      // A phone that changed networks gets no close event: only the missing pong tells.
      ping: (received) => {
        if (!received) pongTimer = setTimeout(() => socket.terminate(), pongWaitMs)
      },
      pong: () => clearTimeout(pongTimer),
    },
  })

  return {
    socket,
    isLost: () => lost,
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** Doubling, with jitter, and at once when the browser says that it is online again. */
function waitToRetry(retries: number): Promise<void> {
  const waitMs = Math.min(500 * 2 ** retries, retryWaitMaxMs) * (0.5 + Math.random() / 2)
  return new Promise((resolve) => {
    const timer = setTimeout(go, waitMs)
    function go() {
      clearTimeout(timer)
      removeEventListener('online', go)
      resolve()
    }
    addEventListener('online', go)
  })
}

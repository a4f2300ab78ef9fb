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

/** Opens one socket for the page at once and keeps it open, so that the page knows when the server cannot be reached. */
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
    // If the server cannot be reached, there is only a plain error event, which the library would treat as final.
    shouldRetry: () => true,
    // The `closed` listener has already informed the page.
    onNonLazyError: () => {},
    keepAlive: keepAliveMs,
    on: {
      connected: () => setLost(false),
      closed: (event) => {
        clearTimeout(pongTimer)
        // A socket whose sign-in was refused does not reconnect. The responses over HTTP give the reason.
        setLost(!(event instanceof CloseEvent && event.code === unauthorized))
      },
      // A phone that has changed its network gets no close event. Only the missing pong shows that the connection is lost.
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

/** The wait doubles with each retry, with jitter. It ends at once when the browser reports that it is online again. */
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

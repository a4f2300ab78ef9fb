import { createClient } from 'graphql-ws'
import { onTestFinished, vi } from 'vitest'
import { WebSocket } from 'ws'

/** A subscription that its client renews by itself, with the same payload, whenever the connection is lost. */
export function subscribeForGood<Event>(url: string, as: string, query: string, variables: Record<string, unknown>) {
  const events: Event[] = []
  let connections = 0
  let beforeRetry: () => Promise<unknown> = async () => {}
  const client = createClient({
    url: `${url.replace(/^http/, 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Dev ${as}` },
    retryAttempts: 100,
    retryWait: () => beforeRetry().then(() => {}),
    on: { connected: () => void connections++ },
  })
  onTestFinished(() => void client.dispose())
  client.subscribe<Record<string, Event>>(
    { query, variables },
    {
      next: ({ data }) => events.push(...(data ? Object.values(data) : [])),
      error: () => {},
      complete: () => {},
    },
  )
  return {
    events,
    connections: () => connections,
    until: (isThere: (events: readonly Event[]) => boolean) =>
      vi.waitFor(() => {
        if (!isThere(events)) throw new Error(`Not among ${JSON.stringify(events)}`)
      }, 10_000),
    /** Cuts the connection without closing the subscription. The client connects again only after `meanwhile` is done. */
    cut(meanwhile: () => Promise<unknown> = async () => {}) {
      beforeRetry = meanwhile
      client.terminate()
    },
  }
}

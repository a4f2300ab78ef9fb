import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import type { HeavyWork } from './work.ts'

const operations = 20

/** Operations that are too large, one after the other, on the socket of a client that also asks for little. */
export const bigWebSocketOperation: HeavyWork = {
  name: `${operations} operations of 7 MB on a WebSocket`,
  async prepare({ server, faults }) {
    const client = createClient({ url: server.wsUrl, webSocketImpl: WebSocket, retryAttempts: 0 })
    const refused = (query: string) =>
      new Promise((resolve, reject) => {
        client.subscribe({ query }, { next: reject, error: resolve, complete: () => reject(new Error('not refused')) })
      })
    return async () => {
      for (let count = 0; count < operations; count++) {
        const errors = await refused(`{ viewer { name } } # ${'x'.repeat(7_000_000)}`)
        if (!Array.isArray(errors)) faults.push(`a large operation ended its socket: ${errors}`)
        await client.iterate({ query: '{ viewer { name } }' }).next()
      }
      await client.dispose()
    }
  },
}

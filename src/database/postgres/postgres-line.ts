import pg from 'pg'
import { plannerSettings } from '../planner.ts'
import type { BeginSession } from './postgres-session.ts'

/** One connection in pipeline mode. It is opened when it is first needed, and again after a loss. */
export interface Line {
  current(): pg.Client | null
  open(): Promise<pg.Client>
  /**
   * Makes the next `open` open a new connection. This one is closed when the statements that are under way on it have ended.
   */
  leave(client: pg.Client): void
  close(): Promise<void>
}

export function createLine(connection: pg.ClientConfig, begin: BeginSession): Line {
  let opening: Promise<pg.Client> | null = null
  let current: pg.Client | null = null
  let isClosed = false

  async function connect(): Promise<pg.Client> {
    if (isClosed) throw new Error('The database was closed')
    const client = new pg.Client({ ...connection, pipeline: true })
    // Without a listener, the loss of the connection would end the process. Callers that wait for a result get a rejection.
    client.on('error', () => leave(client))
    client.on('end', () => leave(client))
    try {
      await client.connect()
      await begin(client, plannerSettings)
    } catch (error) {
      client.end().catch(() => {})
      throw error
    }
    current = client
    return client
  }

  function open(): Promise<pg.Client> {
    const connecting = opening ?? connect()
    opening = connecting
    connecting.catch(() => {
      if (opening === connecting) opening = null
    })
    return connecting
  }

  function leave(client: pg.Client) {
    if (current !== client) return
    current = null
    opening = null
    client.end().catch(() => {})
  }

  return {
    current: () => current,
    open,
    leave,
    async close() {
      isClosed = true
      const client = await opening?.catch(() => null)
      if (client) leave(client)
      await client?.end()
    },
  }
}

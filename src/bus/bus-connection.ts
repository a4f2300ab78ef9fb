import { setTimeout as delay } from 'node:timers/promises'

export interface Log {
  info(details: object, message: string): void
  warn(details: object, message: string): void
}

/** A connection to a server that delivers each message to all connected clients, including the sender. */
export interface Connection {
  /** Rejects within seconds if the server does not answer. */
  send(texts: readonly string[]): Promise<void>
  /** Closes immediately. A pending `send` rejects. */
  close(reason?: Error): void
  /** Resolves with the reason when the connection is lost or closed. */
  readonly lost: Promise<unknown>
}

export interface KeptConnection {
  /** null while there is no connection. */
  current(): Connection | null
  close(): Promise<void>
}

export interface KeepConnectedOptions {
  kind: string
  /** The signal closes the connection, also while it is being established. */
  connect(signal: AbortSignal): Promise<Connection>
  log: Log
}

const minWaitMs = 250
const maxWaitMs = 5_000

/** Connects, and reconnects whenever the connection is lost. */
export function keepConnected({ kind, connect, log }: KeepConnectedOptions): KeptConnection {
  const closing = new AbortController()
  const outage = createOutage(kind, log)
  let current: Connection | null = null

  async function hold(connection: Connection): Promise<never> {
    outage.end()
    current = connection
    const reason = await connection.lost
    current = null
    connection.close()
    throw reason
  }

  async function stayConnected() {
    let waitMs = minWaitMs
    while (!closing.signal.aborted) {
      const since = performance.now()
      try {
        await hold(await connect(closing.signal))
      } catch (error) {
        if (!closing.signal.aborted) outage.begin(error)
      }
      if (performance.now() - since > maxWaitMs) waitMs = minWaitMs
      await delay(waitMs, undefined, { signal: closing.signal }).catch(() => {})
      waitMs = Math.min(2 * waitMs, maxWaitMs)
    }
  }

  const done = stayConnected()
  return {
    current: () => current,
    async close() {
      closing.abort()
      await done
    },
  }
}

/** Logs the beginning and the end of an outage once each, however many attempts there are in between. */
function createOutage(kind: string, log: Log) {
  let isOut = false
  return {
    begin(error: unknown) {
      if (isOut) return
      isOut = true
      log.warn(
        { bus: kind, err: error },
        'the bus is down; viewers on other replicas wait for the poll until it is back',
      )
    },
    end() {
      if (!isOut) return
      isOut = false
      log.info({ bus: kind }, 'the bus is back')
    },
  }
}

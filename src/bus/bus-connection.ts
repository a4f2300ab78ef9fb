import { setTimeout as delay } from 'node:timers/promises'

export interface Log {
  info(details: object, message: string): void
  warn(details: object, message: string): void
}

/** To a server that passes on what is sent to all who are connected, the sender included. */
export interface Connection {
  /** Rejects within seconds where the server does not answer. */
  send(texts: readonly string[]): Promise<void>
  /** At once; a `send` under way rejects. */
  close(reason?: Error): void
  /** Resolves to the reason once nothing more is heard, after `close` too. */
  readonly lost: Promise<unknown>
}

export interface KeptConnection {
  /** null while there is none. */
  current(): Connection | null
  close(): Promise<void>
}

export interface KeepConnectedOptions {
  kind: string
  /** The signal ends the connection, and the making of it, at whatever point it is. */
  connect(signal: AbortSignal): Promise<Connection>
  log: Log
}

const minWaitMs = 250
const maxWaitMs = 5_000

/** Connects, and connects again whenever the connection is lost. */
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

/** Says once that it began and once that it is over, however many tries lie between. */
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

import { randomUUID } from 'node:crypto'
import { Socket } from 'node:net'
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises'
import pg from 'pg'
import type { Bus } from './bus.ts'
import type { Connection, Log } from './bus-connection.ts'
import { createRemoteBus } from './remote-bus.ts'

export interface PostgresBusOptions {
  connection: Pick<pg.ClientConfig, 'connectionString' | 'ssl'>
  log: Log
}

const channel = 'antiphon'
const connectTimeoutMs = 1_500
const queryTimeoutMs = 2_000
// A peer that has disappeared without closing the connection is noticed after about ten seconds.
const keepAliveDelayMs = 10_000
const probeMs = 2_000

/** A bus that uses LISTEN and NOTIFY on a separate connection. */
export function createPostgresBus({ connection, log }: PostgresBusOptions): Bus {
  let isProbed = false

  async function connect(hear: (text: string) => void, signal: AbortSignal): Promise<Connection> {
    const line = createLine(connection, signal)
    const { client, lost, close } = line
    try {
      await client.connect()
      client.on('notification', ({ payload = '' }) => hear(payload))
      await client.query(`LISTEN ${channel}`)
    } catch (error) {
      close()
      throw error
    }
    if (!isProbed) void probe(line, createLine(connection, signal), signal, log)
    isProbed = true
    return { send: (texts) => notify(client, texts), lost, close }
  }

  return createRemoteBus({ kind: 'postgres', connect, log })
}

interface Line extends Omit<Connection, 'send'> {
  readonly client: pg.Client
}

function createLine({ connectionString, ssl }: PostgresBusOptions['connection'], signal: AbortSignal): Line {
  // The socket can be destroyed at once. end() of the client would wait until the connection is established, or for a server
  // that does not answer.
  const socket = new Socket({ signal })
  const client = new pg.Client({
    connectionString,
    ssl,
    application_name: 'antiphon-bus',
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: queryTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveDelayMs,
    stream: () => socket,
  })
  const lost = new Promise<unknown>((resolve) => {
    client.on('error', resolve)
    client.once('end', () => resolve(new Error('The connection ended')))
  })
  return { client, lost, close: (reason) => void socket.destroy(reason) }
}

// All texts are sent with one statement, so that the lock of NOTIFY is taken once.
async function notify(client: pg.Client, texts: readonly string[]): Promise<void> {
  await client.query('SELECT pg_notify($1, text) FROM unnest($2::text[]) AS text', [channel, texts])
}

/**
 * Checks whether LISTEN works. A pooler in transaction mode accepts it and gives the session to another client without an
 * error. So a message is sent from a second connection; one from the same connection might arrive nevertheless.
 */
async function probe(listening: Line, speaking: Line, signal: AbortSignal, log: Log): Promise<void> {
  const word = randomUUID()
  const heard = new Promise<'heard'>((resolve) => {
    listening.client.on('notification', ({ payload }) => payload === word && resolve('heard'))
  })
  try {
    await speaking.client.connect()
    await notify(speaking.client, [word])
  } catch (error) {
    if (!signal.aborted) log.warn({ err: error }, 'LISTEN could not be probed')
    return
  } finally {
    speaking.close()
  }
  // If this process was suspended or busy, the timer fires before the data that arrived meanwhile is read. So the data is read
  // first.
  const silent = delay(probeMs, null, { ref: false }).then(() => turn('silent'))
  const outcome = await Promise.race([heard, listening.lost, silent])
  if (outcome === 'heard') log.info({}, 'LISTEN works')
  if (outcome === 'silent') {
    log.warn(
      {},
      'LISTEN is swallowed, probably by a pooler in transaction mode; viewers on other replicas wait for the poll. ' +
        'Point DATABASE_URL at Postgres itself or set REDIS_URL',
    )
  }
}

import { createClient } from 'redis'
import type { Bus } from './bus.ts'
import type { Connection, Log } from './bus-connection.ts'
import { createRemoteBus } from './remote-bus.ts'

export interface RedisBusOptions {
  redisUrl: string
  log: Log
}

const channel = 'antiphon'
const connectTimeoutMs = 1_500
// The client's timeout for commands covers only their sending. So the connection is closed after a silence, which pings
// prevent.
const pingMs = 1_000
const silenceMs = 3_000

/** A bus that uses Redis pub/sub. */
export function createRedisBus({ redisUrl, log }: RedisBusOptions): Bus {
  return createRemoteBus({ kind: 'redis', connect: (hear, signal) => connect(redisUrl, hear, signal), log })
}

async function connect(url: string, hear: (text: string) => void, signal: AbortSignal): Promise<Connection> {
  const subscriber = createRedisClient(url, signal)
  const publisher = createRedisClient(url, signal)
  let lose: (reason: unknown) => void = () => {}
  const lost = new Promise<unknown>((resolve) => {
    lose = resolve
  })
  for (const client of [subscriber, publisher]) client.on('error', lose)
  function close(reason?: Error) {
    lose(reason)
    subscriber.destroy()
    publisher.destroy()
  }

  try {
    // The clients connect one after the other, because a client that is still connecting cannot be destroyed.
    await subscriber.connect()
    await publisher.connect()
    await subscriber.subscribe(channel, hear)
  } catch (error) {
    close()
    throw error
  }
  return {
    async send(texts) {
      await Promise.all(texts.map((text) => publisher.publish(channel, text)))
    },
    lost,
    close,
  }
}

function createRedisClient(url: string, signal: AbortSignal) {
  return createClient({
    url,
    disableOfflineQueue: true,
    pingInterval: pingMs,
    maintNotifications: 'disabled',
    socket: {
      signal,
      connectTimeout: connectTimeoutMs,
      socketTimeout: silenceMs,
      // The client would wait to reconnect even after its destruction. The bus reconnects itself.
      reconnectStrategy: false,
    },
  })
}

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { Transform } from 'node:stream'

export interface Proxy {
  /** The URL of the server, through the proxy. */
  url: string
  /** The number of connections so far. */
  connections(): number
  /** Closes all connections and, from now on, each new one. */
  cut(): void
  /** From now on no data passes, and no connection is closed. */
  freeze(): void
  mend(): void
  close(): Promise<void>
}

/** A TCP proxy before a server, which breaks on request. */
export async function startProxy(serverUrl: string, fromServer: () => Transform = passOn): Promise<Proxy> {
  const target = new URL(serverUrl)
  const sockets = new Set<Socket>()
  let state: 'whole' | 'cut' | 'frozen' = 'whole'
  let connections = 0

  function keep(socket: Socket) {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    if (state === 'frozen') socket.pause()
  }

  const server = createServer((client) => {
    connections += 1
    keep(client)
    if (state === 'cut') client.destroy()
    if (state !== 'whole') return
    const upstream = connect(Number(target.port), target.hostname)
    keep(upstream)
    client.on('data', (bytes) => state === 'whole' && upstream.write(bytes))
    client.on('close', () => upstream.destroy())
    upstream.pipe(fromServer()).on('data', (bytes) => state === 'whole' && client.write(bytes))
    upstream.on('close', () => client.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(serverUrl)
  url.port = `${(server.address() as AddressInfo).port}`

  function destroyAll() {
    for (const socket of sockets) socket.destroy()
  }

  return {
    url: url.href,
    connections: () => connections,
    cut() {
      state = 'cut'
      destroyAll()
    },
    freeze() {
      state = 'frozen'
      // Otherwise the end of a connection would be answered.
      for (const socket of sockets) socket.pause()
    },
    mend() {
      state = 'whole'
      for (const socket of sockets) socket.resume()
    },
    async close() {
      destroyAll()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function passOn() {
  return new Transform({ transform: (chunk, _encoding, done) => done(null, chunk) })
}

/** Passes all messages of Postgres except notifications, as a pooler in transaction mode does to LISTEN. */
export function withoutNotifications() {
  let rest = Buffer.alloc(0)
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      rest = Buffer.concat([rest, chunk])
      while (rest.length >= 5) {
        // A message has one letter, and then its length without the letter.
        const end = 1 + rest.readUInt32BE(1)
        if (rest.length < end) break
        if (rest.toString('latin1', 0, 1) !== 'A') this.push(rest.subarray(0, end))
        rest = rest.subarray(end)
      }
      done()
    },
  })
}

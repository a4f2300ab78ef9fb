import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** `narrow`: one slice a second. `shut`: but for the beginning, what comes from the server stays where it is. */
export type Width = 'open' | 'narrow' | 'shut'

/** Stands before a server, and passes on its answers only as fast as it is told: a client that reads slowly, or not. */
export interface Link {
  url: string
  set(width: Width): void
  close(): Promise<void>
}

// Enough for a first event. A socket from which much was read would get a far larger buffer from the system.
const beginningBytes = 64 * 1_024

export async function startLink(serverUrl: string, sliceBytes: number): Promise<Link> {
  const target = new URL(serverUrl)
  const sockets = new Set<Socket>()
  const answers = new Set<Socket>()
  let width: Width = 'open'

  function keep(socket: Socket, set: Set<Socket>) {
    set.add(socket)
    socket.on('close', () => set.delete(socket))
    socket.on('error', () => {})
  }

  const server = createServer((client) => {
    keep(client, sockets)
    let passedBytes = 0
    const onSlice = (count: number, buffer: Uint8Array) => {
      client.write(Uint8Array.from(buffer.subarray(0, count)))
      passedBytes += count
      return width === 'open' || (width === 'shut' && passedBytes < beginningBytes)
    }
    const answer = connect({
      port: Number(target.port),
      host: target.hostname,
      onread: { buffer: Buffer.alloc(sliceBytes), callback: onSlice },
    })
    keep(answer, answers)
    client.on('data', (bytes) => answer.write(bytes))
    client.on('close', () => answer.destroy())
    answer.on('close', () => client.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  function readOn() {
    for (const answer of answers) answer.resume()
  }
  const timer = setInterval(() => width === 'narrow' && readOn(), 1_000)

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    set(next) {
      width = next
      if (width === 'open') readOn()
    },
    async close() {
      clearInterval(timer)
      for (const socket of [...sockets, ...answers]) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

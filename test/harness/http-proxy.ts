import { once } from 'node:events'
import { createServer, request as sendRequest } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'

export interface HttpProxy {
  url: string
  /** The hosts and ports that clients requested. */
  asked: string[]
  close(): Promise<void>
}

/** Starts a proxy that knows only one host, which no name server knows, and connects it to a server on this machine. */
export async function startHttpProxy(host: string, serverUrl: string): Promise<HttpProxy> {
  const { port } = new URL(serverUrl)
  const asked: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((request, response) => {
    const { host: name, pathname, search } = new URL(request.url ?? '', `http://${request.headers.host}`)
    asked.push(name)
    if (name !== host) return void response.writeHead(502).end()
    const { method = 'GET', headers } = request
    const onward = sendRequest({ host: '127.0.0.1', port, method, path: `${pathname}${search}`, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    request.pipe(onward)
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  server.on('connect', (request, socket: Socket) => {
    asked.push(request.url ?? '')
    if (request.url !== `${host}:80`) return void socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
    const onward = connect(Number(port), '127.0.0.1')
    sockets.add(onward)
    onward.on('error', () => socket.destroy())
    onward.on('connect', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      onward.pipe(socket).pipe(onward)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

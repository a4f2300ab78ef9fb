import { once } from 'node:events'
import { WebSocket } from 'ws'
import { type Door, openDoor } from './door.ts'
import { audience, issuer } from './issuer.ts'

/** Opens a door that accepts tokens signed with the keys at this address. */
export async function byKeys(url: string, logLevel?: string): Promise<Door> {
  return openDoor({ auth: { mode: 'jwks', url, proxy: null, issuer, audience }, logLevel })
}

/** The response of each door to a client with these credentials. */
export const doors = {
  async POST(url: string, authorization: string | null) {
    const response = await send(url, authorization, {}, '{"query":"{ viewer { name } }"}')
    return [response.status, response.headers.get('www-authenticate'), await response.text()]
  },
  async GET(url: string, authorization: string | null) {
    const response = await send(`${url}/graphql?query={viewer{name}}`, authorization)
    return [response.status, response.headers.get('www-authenticate'), await response.text()]
  },
  async SSE(url: string, authorization: string | null) {
    const accept = { accept: 'text/event-stream' }
    const response = await send(url, authorization, accept, '{"query":"subscription { count(to: 1) }"}')
    return [response.status, response.headers.get('www-authenticate'), await response.text()]
  },
  WebSocket: (url: string, authorization: string | null) =>
    connect(url, authorization === null ? {} : { authorization }),
  async 'WebSocket, by its upgrade'(url: string, authorization: string | null) {
    return connect(url, {}, authorization === null ? {} : { authorization })
  },
}

function send(url: string, authorization: string | null, accept: object = {}, body?: string) {
  const headers = {
    'content-type': 'application/json',
    ...accept,
    ...(authorization === null ? {} : { authorization }),
  }
  return body === undefined
    ? fetch(url, { headers })
    : fetch(`${url}/graphql`, { method: 'POST', headers: headers, body })
}

const subscribeMessage = { id: '1', type: 'subscribe', payload: { query: '{ viewer { name } }' } }

/** Resolves with the viewer's name, or with the code and the reason of the socket's close. */
export async function connect(url: string, payload: object, headers: Record<string, string> = {}): Promise<unknown[]> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers })
  const closed = once(socket, 'close').then(([code, reason]) => [code, String(reason)])
  await once(socket, 'open')
  const viewer = new Promise<unknown[]>((resolve) => {
    socket.on('message', (data) => {
      const message = JSON.parse(String(data))
      if (message.type === 'connection_ack') socket.send(JSON.stringify(subscribeMessage))
      if (message.type === 'next') resolve([message.payload.data.viewer.name])
    })
  })
  socket.send(JSON.stringify({ type: 'connection_init', payload }))
  const outcome = await Promise.race([viewer, closed])
  socket.terminate()
  return outcome
}

export async function viewerOf({ url }: Door, token: string): Promise<[status: number, name: string]> {
  const response = await send(url, `Bearer ${token}`, {}, '{"query":"{ viewer { name } }"}')
  const { data, errors } = (await response.json()) as { data?: { viewer: { name: string } }; errors?: Coded[] }
  return [response.status, data?.viewer.name ?? errors?.[0]?.extensions.code ?? '']
}

interface Coded {
  extensions: { code: string }
}

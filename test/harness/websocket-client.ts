import { once } from 'node:events'
import { expect } from 'vitest'
import { WebSocket } from 'ws'

export interface Message {
  id?: string
  type: string
  payload?: unknown
}

/** Speaks the protocol by hand, because the tests check what a client library hides. */
export async function dial(url: string, options: { origin?: string; headers?: Record<string, string> } = {}) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', options)
  const inbox: Message[] = []
  socket.on('message', (data) => inbox.push(JSON.parse(String(data))))
  const closed = new Promise<number>((resolve) => socket.once('close', resolve))
  await once(socket, 'open')
  return {
    socket,
    closed,
    unread: (): readonly Message[] => inbox,
    send: (message: Message) => socket.send(JSON.stringify(message)),
    async receive(): Promise<Message> {
      while (inbox.length === 0) await once(socket, 'message')
      return inbox.shift() as Message
    },
  }
}

export async function signedIn(url: string, payload?: Record<string, unknown>) {
  const client = await dial(url)
  client.send({ type: 'connection_init', payload })
  expect(await client.receive()).toEqual({ type: 'connection_ack' })
  return client
}

export function ask(query: string, id = '1'): Message {
  return { id, type: 'subscribe', payload: { query } }
}

/** Returns the status of the response to a request for a WebSocket. */
export function upgrade(url: string, headers: Record<string, string> = {}): Promise<number | undefined> {
  const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws', { headers })
  socket.on('error', () => {})
  return new Promise((resolve) => {
    socket.once('upgrade', ({ statusCode }) => resolve(statusCode))
    socket.once('unexpected-response', (_request, { statusCode }) => resolve(statusCode))
    socket.once('open', () => socket.close())
  })
}

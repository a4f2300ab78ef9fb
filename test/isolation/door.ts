import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { Operation } from './document.ts'

/** All that a client learns from one operation, in one text. */
export type Ask = (operation: Operation) => Promise<string>

type Door = 'POST' | 'GET' | 'SSE' | 'WebSocket'

export interface Visitor {
  /** By the name of the door. */
  doors: Record<Door, Ask>
  leave(): void
}

const maxMs = 10_000

/** The doors that serve an operation of this kind. */
export const doorsOf: Record<Operation['kind'], readonly Door[]> = {
  query: ['POST', 'GET', 'SSE', 'WebSocket'],
  mutation: ['POST', 'SSE', 'WebSocket'],
  subscription: ['SSE', 'WebSocket'],
}

/** Who asks over a WebSocket waits so long for the end of an answer. */
export async function visit(url: string, authorization: string, patienceMs = maxMs): Promise<Visitor> {
  const { ask, leave } = await openSocket(url, authorization, patienceMs)
  const doors = {
    POST: (operation: Operation) => askByPost(url, authorization, operation, 'application/json'),
    GET: (operation: Operation) => askByGet(url, authorization, operation),
    SSE: (operation: Operation) => askByPost(url, authorization, operation, 'text/event-stream'),
    WebSocket: ask,
  }
  return { doors, leave }
}

export function askByPost(url: string, authorization: string, { query, variables }: Operation, accept: string) {
  const headers = { accept, authorization, 'content-type': 'application/json' }
  return textOf(
    fetch(`${url}/graphql`, { ...limit(), method: 'POST', headers, body: JSON.stringify({ query, variables }) }),
  )
}

export function askByGet(url: string, authorization: string, { query, variables }: Operation) {
  const parameters = new URLSearchParams({ query, variables: JSON.stringify(variables) })
  return textOf(fetch(`${url}/graphql?${parameters}`, { ...limit(), headers: { authorization } }))
}

const limit = () => ({ signal: AbortSignal.timeout(maxMs) })

async function textOf(asked: Promise<Response>): Promise<string> {
  const response = await asked
  const headers = [...response.headers].filter(([name]) => name !== 'date').sort()
  return JSON.stringify([response.status, headers, await response.text()])
}

/** What comes back, and the code of its close, when somebody does not wait until they are let in. */
export async function askAtOnce(url: string, authorization: string, { query, variables }: Operation): Promise<string> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws')
  const heard: string[] = []
  socket.on('message', (data) => heard.push(String(data)))
  await once(socket, 'open')
  const closed = once(socket, 'close', limit())
  socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization } }))
  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query, variables } }))
  const [code] = await closed
  return JSON.stringify([code, heard])
}

/** One socket for all that they ask. */
async function openSocket(url: string, authorization: string, patienceMs: number) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws')
  const waiting = new Map<string, (message: { type: string; payload?: unknown }) => void>()
  await once(socket, 'open')
  socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization } }))
  await once(socket, 'message')
  socket.on('message', (data) => {
    const { id, ...message } = JSON.parse(String(data))
    waiting.get(id)?.(message)
  })
  let asked = 0

  function ask({ query, variables }: Operation): Promise<string> {
    const id = String(++asked)
    const heard: object[] = []
    const answer = new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`No end after ${JSON.stringify(heard)}`)), patienceMs)
      waiting.set(id, (message) => {
        heard.push(message)
        if (message.type === 'next') return
        clearTimeout(timer)
        waiting.delete(id)
        resolve(JSON.stringify(heard))
      })
    })
    socket.send(JSON.stringify({ id, type: 'subscribe', payload: { query, variables } }))
    return answer
  }

  return { ask, leave: () => socket.terminate() }
}

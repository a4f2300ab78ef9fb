import { onTestFinished } from 'vitest'
import { make } from './api-keys.ts'
import { createPerson } from './person.ts'
import { type Environment, startServer } from './server.ts'
import { startScriptedUpstream } from './upstream.ts'

export interface OpenaiReply {
  status: number
  headers: Headers
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: tests compare what it has with what they expect.
  body: any
}

type Message = Record<string, unknown>

export const user = (content: string): Message => ({ role: 'user', content })
export const assistant = (content: string): Message => ({ role: 'assistant', content })

/** The body of a request for a completion, with the message `Hello` by default. */
export const question = (more: object = {}) => ({ model: 'test-model', messages: [user('Hello')], ...more })

/** Sends any request, even one that a client would not send, and returns the response. */
export async function send(url: string, path: string, init: RequestInit = {}): Promise<OpenaiReply> {
  const response = await fetch(`${url}/v1${path}`, init)
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.startsWith('application/json')
  return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : null }
}

/** Creates a user who sends requests in OpenAI's format without a client library. */
export function createAsker(url: string, as = 'alice') {
  const authorization = `Dev ${as}`
  const post = (path: string, body: unknown, headers: Record<string, string> = {}, signal?: AbortSignal) =>
    send(url, path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization, ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
      signal: signal ?? null,
    })
  return {
    post,
    ask: (more: object = {}, headers: Record<string, string> = {}, signal?: AbortSignal) =>
      post('/chat/completions', question(more), headers, signal),
    get: (path: string) => send(url, path, { headers: { authorization } }),
    remove: (path: string) => send(url, path, { method: 'DELETE', headers: { authorization } }),
  }
}

/** Starts a server that uses a scripted upstream, and creates a user who sends requests to it. */
export async function startOpenai(settings: Environment = {}) {
  const upstream = await startScriptedUpstream()
  onTestFinished(() => upstream.close())
  const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl, ...settings })
  const alice = createPerson(url, 'alice')
  return { upstream, url, alice, ...createAsker(url), secret: async () => (await make(alice)).secret }
}

/** Returns the data of each event; JSON is parsed. */
// biome-ignore lint/suspicious/noExplicitAny: tests compare what it has with what they expect.
export function eventsIn(text: string): any[] {
  const events = text.split('\n\n')
  if (events.pop() !== '') throw new Error(`The last event is not whole: ${text}`)
  return events.map((event) => {
    if (!event.startsWith('data: ')) throw new Error(`This is no event: ${event}`)
    const data = event.slice(6)
    return data.startsWith('{') ? JSON.parse(data) : data
  })
}

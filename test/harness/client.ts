import { EventSourceParserStream } from 'eventsource-parser/stream'
import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql'
import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'

type Variables = Record<string, unknown>

const end = { done: true, value: undefined } as const

export interface Sender {
  /** The name for the Dev sign-in. Without it, no name is sent and the server uses its own default. */
  as?: string
  /** Any other credentials. */
  authorization?: string
}

export interface Subscription<Data> extends AsyncIterable<Data> {
  next(): Promise<IteratorResult<Data, undefined>>
  /** Reads up to the first event that fits, and returns all events that were read. Rejects if the end comes first. */
  until(fits: (data: Data) => boolean): Promise<Data[]>
  rest(): Promise<Data[]>
  /** Ends the subscription as clients of the transport do. A pending read then ends, and so it does after `drop`. */
  close(): Promise<void>
  /** Cuts the connection without closing the subscription. */
  drop(): void
  /** Resolves with the code of the WebSocket's close, or with null at the end of an event stream. */
  readonly closed: Promise<number | null>
}

export class RequestError extends Error {
  readonly errors: readonly GraphQLFormattedError[]

  constructor(errors: readonly GraphQLFormattedError[]) {
    super(errors.map(({ message }) => message).join('; '))
    this.name = 'RequestError'
    this.errors = errors
  }
}

/** Sends one operation over HTTP and returns the response, including its errors. */
export async function execute<Data>(url: string, query: string, variables: Variables = {}, sender: Sender = {}) {
  const response = await post(url, { query, variables }, sender, 'application/graphql-response+json')
  const result = (await response.json()) as FormattedExecutionResult<Data>
  return { status: response.status, ...result }
}

/** Sends one operation over HTTP and returns its data. Rejects if the response has errors. */
export async function query<Data>(
  url: string,
  document: string,
  variables?: Variables,
  sender?: Sender,
): Promise<Data> {
  return dataOf(await execute<Data>(url, document, variables, sender))
}

/** Subscribes on a separate connection. */
export function subscribe<Data>(
  url: string,
  document: string,
  variables: Variables = {},
  { over = 'websocket', ...sender }: Sender & { over?: 'websocket' | 'sse' } = {},
): Subscription<Data> {
  const payload = { query: document, variables }
  return over === 'sse' ? subscribeOverSse(url, payload, sender) : subscribeOverWebSocket(url, payload, sender)
}

function subscribeOverWebSocket<Data>(
  url: string,
  payload: { query: string; variables: Variables },
  sender: Sender,
): Subscription<Data> {
  let socket: WebSocket | undefined
  let onClosed: (code: number) => void
  const closed = new Promise<number>((resolve) => {
    onClosed = resolve
  })
  const client = createClient({
    url: `${url.replace(/^http/, 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: credentials(sender),
    retryAttempts: 0,
    on: {
      opened: (opened) => {
        socket = opened as WebSocket
      },
      closed: (event) => onClosed((event as CloseEvent).code),
    },
  })
  // client.iterate is not used, because its first read never ends if the subscription was over before that read.
  let unsubscribe = () => {}
  const results = new ReadableStream<() => FormattedExecutionResult<Data>>({
    start(controller) {
      unsubscribe = client.subscribe<Data, Record<string, unknown>>(payload, {
        next: (result) => controller.enqueue(() => result),
        error(reason) {
          // The error is queued like a result, because controller.error would discard what was not read yet.
          controller.enqueue(() => rejectWithError(reason))
          controller.close()
        },
        complete: () => controller.close(),
      })
    },
  }).getReader()
  async function read() {
    const { done, value } = await results.read()
    return done ? end : { done: false as const, value: value() }
  }

  return subscription(read, closed, {
    async close() {
      unsubscribe()
      await closed
    },
    drop: () => socket?.terminate(),
  })
}

function subscribeOverSse<Data>(
  url: string,
  payload: { query: string; variables: Variables },
  sender: Sender,
): Subscription<Data> {
  const connection = new AbortController()
  const response = post(url, payload, sender, 'text/event-stream', connection.signal)
  let onClosed: (code: null) => void
  const closed = new Promise<null>((resolve) => {
    onClosed = resolve
  })
  response.catch(() => {}) // A read reports the error.
  const results = eventsOf<Data>(response, () => onClosed(null))
  const abort = () => connection.abort()

  return subscription(() => results.next(), closed, { close: async () => abort(), drop: abort })
}

async function* eventsOf<Data>(response: Promise<Response>, onClosed: () => void) {
  try {
    const { body, headers } = await response
    if (!body || !headers.get('content-type')?.startsWith('text/event-stream')) {
      yield (await (await response).json()) as FormattedExecutionResult<Data>
      return
    }
    const events = body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())
    for await (const { event, data } of events) {
      if (event === 'complete') return
      if (event === 'next') yield JSON.parse(data) as FormattedExecutionResult<Data>
    }
    throw new Error('The event stream ended without its complete event')
  } finally {
    onClosed()
  }
}

function subscription<Data>(
  read: () => Promise<IteratorResult<FormattedExecutionResult<Data>, unknown>>,
  closed: Promise<number | null>,
  { close, drop }: Pick<Subscription<Data>, 'close' | 'drop'>,
): Subscription<Data> {
  let left = false

  async function next(): Promise<IteratorResult<Data, undefined>> {
    const result = await read().catch((reason) => (left ? end : rejectWithError(reason)))
    return result.done ? end : { done: false, value: dataOf(result.value) }
  }
  // There is no `return`, so that a test can leave a `for await` and continue to read later.
  const events = { [Symbol.asyncIterator]: () => ({ next }) }

  async function until(fits: (data: Data) => boolean): Promise<Data[]> {
    const seen: Data[] = []
    for await (const data of events) {
      seen.push(data)
      if (fits(data)) return seen
    }
    throw new Error(`The subscription ended before the event; it gave ${JSON.stringify(seen)}`)
  }

  async function rest(): Promise<Data[]> {
    const seen: Data[] = []
    for await (const data of events) seen.push(data)
    return seen
  }

  return {
    ...events,
    next,
    until,
    rest,
    close() {
      left = true
      return close()
    },
    drop() {
      left = true
      drop()
    },
    closed,
  }
}

// graphql-ws rejects with the bare array of an `error` message, or with the event of the socket's close.
function rejectWithError(reason: unknown): never {
  if (Array.isArray(reason)) throw new RequestError(reason)
  if (reason instanceof Error) throw reason
  throw new Error(`The WebSocket closed with ${(reason as CloseEvent).code}`)
}

function dataOf<Data>({ data, errors }: FormattedExecutionResult<Data>): Data {
  if (errors) throw new RequestError(errors)
  return data as Data
}

function post(url: string, body: unknown, sender: Sender, accept: string, signal?: AbortSignal): Promise<Response> {
  return fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { accept, 'content-type': 'application/json', ...credentials(sender) },
    body: JSON.stringify(body),
    signal: signal ?? null,
  })
}

function credentials({ as, authorization = as && `Dev ${as}` }: Sender): Record<string, string> {
  return authorization === undefined ? {} : { authorization }
}

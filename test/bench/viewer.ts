import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import { modelOf } from './model-answer.ts'
import type { Ask, Reading } from './reading.ts'

const document = `subscription ($input: CompletionStreamInput!) {
  completionStream(input: $input) {
    __typename completionId cursor
    ... on CompletionSnapshot { choices { index content contentOffset } }
    ... on CompletionDelta { choices { index content contentOffset finishReason } }
    ... on CompletionEnded { completion { id status choices { message { content } } } }
    ... on CompletionRejected { error { __typename message } }
  }
}`

interface Event {
  choices?: { content: string; contentOffset: number }[]
  completion?: { status: string; choices: { message: { content: string } }[] }
  error?: { message: string }
}

export interface Viewer {
  ask: Ask
  close(): void
}

/** On a socket of its own, which is open and acknowledged when this resolves. */
export async function openViewer(url: string, { store }: { store: boolean }): Promise<Viewer> {
  let onConnected = () => {}
  let onBroken = (_reason: unknown) => {}
  const connected = new Promise<void>((resolve, reject) => {
    onConnected = resolve
    onBroken = reject
  })
  const client = createClient({
    url: `${url.replace(/^http/, 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: 'Dev bench' },
    lazy: false,
    retryAttempts: 0,
    on: { connected: () => onConnected() },
    onNonLazyError: (reason) => onBroken(failure(reason)),
  })
  await connected
  return {
    ask: (reading) =>
      new Promise((resolve, reject) => {
        const fail = (reason: unknown) => reject(failure(reason))
        let isWhole = false
        const next = ({ data, errors }: { data?: { completionStream: Event } | null; errors?: unknown }) => {
          if (!data || errors) return fail(errors)
          isWhole = take(data.completionStream, reading, store, fail)
        }
        const complete = () => (isWhole ? resolve() : fail('the subscription ended before its answer'))
        client.subscribe<{ completionStream: Event }>(payload(reading, store), { next, error: fail, complete })
      }),
    close: () => void client.dispose(),
  }
}

/** Says whether this was the whole answer's end. */
function take(event: Event, reading: Reading, store: boolean, fail: (reason: unknown) => void): boolean {
  if (event.error) fail(event.error.message)
  const [choice] = event.choices ?? []
  if (choice?.content) reading.take(choice.content, choice.contentOffset)
  if (!event.completion) return false
  const { status, choices } = event.completion
  if (status !== 'COMPLETED') fail(`the completion ended ${status}`)
  if (store && choices[0]?.message.content !== reading.text()) fail('the stored message is not what was streamed')
  return true
}

function payload({ question, shape }: Reading, store: boolean) {
  const completion = { model: modelOf(shape), messages: [{ role: 'USER', content: question }], store }
  return { query: document, variables: { input: { start: { idempotencyKey: question, completion } } } }
}

function failure(reason: unknown): Error {
  if (reason instanceof Error) return reason
  const isClose = typeof reason === 'object' && reason !== null && 'code' in reason
  return new Error(isClose ? `The WebSocket closed with ${reason.code}` : JSON.stringify(reason))
}

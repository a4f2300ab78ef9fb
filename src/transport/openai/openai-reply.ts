import { once } from 'node:events'
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Answer } from '../../openai/answer.ts'
import type { OpenaiError } from '../../openai/error.ts'
import { writeId } from '../../schema/global-id.ts'
import { cutAtStandstill } from '../event-stream.ts'
import { replyJson } from '../reply.ts'

/** The header that names the conversation by its id in GraphQL. */
function conversationHeader(conversationId: string | null): OutgoingHttpHeaders {
  return conversationId === null ? {} : { 'x-conversation-id': writeId('Conversation', conversationId) }
}

export function replyError(response: ServerResponse, error: OpenaiError): void {
  const { status, object, retryAfterMs, retryable, conversationId, requestId } = error
  replyJson(
    response,
    status,
    { error: object },
    {
      ...conversationHeader(conversationId),
      ...(requestId !== null && { 'x-request-id': requestId }),
      ...(retryAfterMs !== null && {
        'retry-after': String(Math.ceil(retryAfterMs / 1_000)),
        'retry-after-ms': String(Math.ceil(retryAfterMs)),
      }),
      // Clients of this format automatically repeat a request after many statuses.
      ...(!retryable && { 'x-should-retry': 'false' }),
      // https://www.rfc-editor.org/rfc/rfc9110#section-15.5.2 requires this header.
      ...(status === 401 && { 'www-authenticate': 'Bearer' }),
    },
  )
}

export async function replyAnswer(response: ServerResponse, { conversationId, body }: Answer): Promise<void> {
  const headers = conversationHeader(conversationId)
  if (!(Symbol.asyncIterator in body)) return replyJson(response, 200, body, headers)
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    // Without this header nginx buffers the events.
    'x-accel-buffering': 'no',
    ...headers,
  })
  cutAtStandstill(response)
  for await (const events of body) {
    if (!response.write(events)) await taken(response)
    if (response.destroyed) return
  }
  response.end()
}

/** Resolves when the client has read what was written, or has left. */
async function taken(response: ServerResponse): Promise<void> {
  const stopper = new AbortController()
  const { signal } = stopper
  await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]).finally(() =>
    stopper.abort(),
  )
}

import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { ErrorCode } from '../schema/client-error.ts'
import { clientError } from '../schema/client-error.ts'
import { statusOf } from './error.ts'

export function replyJson(
  response: ServerResponse,
  status: number,
  body: object,
  headers: OutgoingHttpHeaders = {},
): void {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    ...headers,
  })
  // For a HEAD request Node drops the body.
  response.end(text)
}

export function refuse(
  response: ServerResponse,
  code: ErrorCode,
  message: string,
  headers?: OutgoingHttpHeaders,
): void {
  const error = clientError(code, message)
  replyJson(response, statusOf(error), { errors: [error] }, headers)
}

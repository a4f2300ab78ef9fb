import { randomUUID } from 'node:crypto'
import { PothosValidationError } from '@pothos/core'
import { GraphQLError } from 'graphql'
import type { Logger } from 'pino'
import { AuthError } from '../auth/error.ts'
import { ChatError } from '../chat/access/error.ts'
import { clientError, type ErrorCode } from '../schema/client-error.ts'

const httpStatus: Record<ErrorCode, number> = {
  GRAPHQL_PARSE_FAILED: 400,
  GRAPHQL_VALIDATION_FAILED: 400,
  COST_EXCEEDED: 400,
  BAD_REQUEST: 400,
  BAD_USER_INPUT: 400,
  PERSISTED_QUERY_NOT_SUPPORTED: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  NOT_ACCEPTABLE: 406,
  REQUEST_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  RATE_LIMITED: 429,
  UNAVAILABLE: 503,
  INTERNAL_SERVER_ERROR: 500,
}

export function codeOf({ extensions: { code } }: GraphQLError): ErrorCode {
  return isErrorCode(code) ? code : 'INTERNAL_SERVER_ERROR'
}

export function statusOf(error: GraphQLError): number {
  return httpStatus[codeOf(error)]
}

// The errors that a client gets for errors of the layers below chat, by their code. The messages of those layers are not for
// clients.
const refusals = new Map<unknown, { code: ErrorCode; message: string }>([
  [
    'TOO_LARGE',
    {
      code: 'COST_EXCEEDED',
      message: 'The requested messages have more text than one result may have: request fewer items.',
    },
  ],
  [
    'READ_ONLY',
    {
      code: 'UNAVAILABLE',
      message: 'Nothing can be stored now, because the database is full or read-only. Stored data can still be read.',
    },
  ],
  ['UNAVAILABLE', { code: 'UNAVAILABLE', message: 'This cannot be done right now. Try again in a moment.' }],
])

/** Turns any error into the error that a client may see. An unexpected error is logged and becomes INTERNAL_SERVER_ERROR. */
export type ToClientError = (error: unknown) => GraphQLError

export function createToClientError(log: Logger): ToClientError {
  return (error) => {
    const cause = rootCause(error)
    if (error === cause && cause instanceof GraphQLError && isErrorCode(cause.extensions['code'])) return cause
    if (cause instanceof AuthError && cause.code === 'UNAUTHENTICATED') {
      log.debug({ reason: cause.reason }, 'credentials were refused')
      return located(error, clientError(cause.code, cause.message))
    }
    const expected = expectedError(error, cause)
    if (expected) return located(error, expected)
    if (isAbort(cause)) {
      log.debug({ err: cause }, 'a client left before its answer')
      return located(error, clientError('UNAVAILABLE', 'The client disconnected before the answer.'))
    }
    const refusal = cause instanceof Error && 'code' in cause ? refusals.get(cause.code) : undefined
    if (refusal) {
      log.warn({ err: cause }, 'the store could not carry out a request')
      return located(error, clientError(refusal.code, refusal.message))
    }
    const requestId = randomUUID()
    log.error({ err: cause, requestId }, 'unexpected error')
    return located(error, clientError('INTERNAL_SERVER_ERROR', 'Internal server error', { requestId }))
  }
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(httpStatus, code)
}

// graphql-js wraps an error that a resolver throws, and adds the path of the field.
function rootCause(error: unknown): unknown {
  return error instanceof GraphQLError && error.originalError ? rootCause(error.originalError) : error
}

function expectedError(error: unknown, cause: unknown): GraphQLError | null {
  if (cause instanceof ChatError) return failureError(cause)
  if (!(cause instanceof GraphQLError)) return null
  if (isErrorCode(cause.extensions['code'])) return cause
  if (cause instanceof PothosValidationError) return clientError('BAD_USER_INPUT', cause.message)
  return error instanceof GraphQLError && blamesRequest(error, cause)
    ? clientError('BAD_USER_INPUT', error.message)
    : null
}

function failureError({ failure }: ChatError): GraphQLError {
  const { code, message } = failure
  if (code === 'RATE_LIMITED') return clientError(code, message, { retryAfterMs: failure.retryAfterMs })
  return clientError(isErrorCode(code) ? code : 'BAD_USER_INPUT', message)
}

// If the client sent a wrong variable or argument, the error of graphql-js has its position in the document. A value of the
// server that does not fit its type is a GraphQLError, too, but it has no position until it gets the one of the field.
function blamesRequest(error: GraphQLError, cause: GraphQLError): boolean {
  return cause.nodes !== undefined || (error.nodes !== undefined && error.path === undefined)
}

function isAbort(cause: unknown): boolean {
  return cause instanceof Error && cause.name === 'AbortError'
}

/** Returns the client error with the position and path of the original error. */
function located(error: unknown, clientError: GraphQLError): GraphQLError {
  if (!(error instanceof GraphQLError)) return clientError
  const { nodes, source, positions, path } = error
  return new GraphQLError(clientError.message, { nodes, source, positions, path, extensions: clientError.extensions })
}

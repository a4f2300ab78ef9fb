import type { GraphQLError } from 'graphql'
import { OpenaiError } from '../../openai/error.ts'
import type { ErrorCode } from '../../schema/client-error.ts'
import { codeOf, statusOf, type ToClientError } from '../error.ts'

/** The codes for which OpenAI has other names. All other codes are sent in lower case. */
const openaiCodes: Partial<Record<ErrorCode, string>> = {
  UNAUTHENTICATED: 'invalid_api_key',
  RATE_LIMITED: 'rate_limit_exceeded',
}

const busyMs = 1_000

/** Turns any error into an error in the form that clients of this format know. */
export function openaiErrorOf(error: unknown, toClientError: ToClientError): OpenaiError {
  return error instanceof OpenaiError ? error : fromClientError(toClientError(error))
}

function fromClientError(error: GraphQLError): OpenaiError {
  const code = codeOf(error)
  const { retryAfterMs, requestId } = error.extensions
  const unavailable = code === 'UNAVAILABLE' ? busyMs : null
  return new OpenaiError(error.message, {
    status: statusOf(error),
    code: openaiCodes[code] ?? code.toLowerCase(),
    retryAfterMs: typeof retryAfterMs === 'number' ? retryAfterMs : unavailable,
    requestId: typeof requestId === 'string' ? requestId : null,
  })
}

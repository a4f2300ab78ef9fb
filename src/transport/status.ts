import { GraphQLError } from 'graphql'
import { isAsyncIterable } from 'graphql-yoga'
import type { ErrorCode } from '../schema/client-error.ts'
import { codeOf, statusOf } from './error.ts'
import type { HttpPlugin } from './http-context.ts'

/** Gives a response without data the HTTP status of its error codes. */
export const statusPlugin: HttpPlugin = {
  onResultProcess({ result, setResult }) {
    if (isAsyncIterable(result) || Array.isArray(result)) return
    // If there is data, even null, the operation has run, and its errors are part of a complete response.
    if (result.errors && !('data' in result)) setResult({ ...result, errors: result.errors.map(withStatus) })
  },
}

const aboutContent: readonly ErrorCode[] = [
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
  'PERSISTED_QUERY_NOT_SUPPORTED',
]

/**
 * Yoga removes `http` again. With `spec`, it answers 200 to clients that accept application/json, as GraphQL over HTTP
 * requires.
 */
function withStatus(error: GraphQLError): GraphQLError {
  const { message, nodes, source, positions, path, extensions } = error
  const status = statusOf(error)
  // https://www.rfc-editor.org/rfc/rfc9110#section-15.5.2 requires this header. Browsers show no password dialog for this
  // scheme.
  const headers: Record<string, string> = status === 401 ? { 'www-authenticate': 'Bearer' } : {}
  const http = { status, spec: isAboutContent(error), headers }
  return new GraphQLError(message, { nodes, source, positions, path, extensions: { ...extensions, http } })
}

function isAboutContent(error: GraphQLError): boolean {
  return aboutContent.includes(codeOf(error))
}

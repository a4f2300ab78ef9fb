import { GraphQLError } from 'graphql'

/** Each code that an entry in `errors` may have. */
export const errorCodes = {
  GRAPHQL_PARSE_FAILED: { description: 'The document is not GraphQL.' },
  GRAPHQL_VALIDATION_FAILED: { description: 'The document does not fit the schema, or exceeds a limit of documents.' },
  COST_EXCEEDED: {
    description:
      'The operation, or its result, is larger than its budget. `cost` and `budget` beside the code say by how much, where that is known.',
  },
  BAD_REQUEST: { description: 'The request itself is malformed: its body, its parameters or their types.' },
  BAD_USER_INPUT: {
    description: 'A variable or an argument is not what it must be, and the field has no `InvalidInput` to say so.',
  },
  PERSISTED_QUERY_NOT_SUPPORTED: {
    description:
      'The request has the hash of a document and no document. Send the document; Apollo Client and urql do so.',
  },
  UNAUTHENTICATED: { description: 'The credentials are missing, wrong, expired or revoked. Sign in again.' },
  FORBIDDEN: { description: 'The viewer may not do this, or the server does not answer under this host name.' },
  NOT_FOUND: { description: 'It does not exist, or the viewer may not see it: the two are not told apart.' },
  METHOD_NOT_ALLOWED: { description: 'The HTTP method is not allowed here, such as GET for a mutation.' },
  NOT_ACCEPTABLE: { description: 'The Accept header allows no format in which the operation can be answered.' },
  REQUEST_TOO_LARGE: { description: 'The body, the WebSocket message or the arguments have too many bytes.' },
  UNSUPPORTED_MEDIA_TYPE: { description: 'The body is not uncompressed JSON in UTF-8, sent as application/json.' },
  RATE_LIMITED: {
    description:
      'The viewer does this too often, or too much of it at once. `retryAfterMs` beside the code says when to try again.',
  },
  UNAVAILABLE: {
    description:
      'The server cannot do this right now; the same request may succeed later. A mutation may have been done: repeat it with its idempotency key.',
  },
  INTERNAL_SERVER_ERROR: {
    description: 'A fault of the server. `requestId` beside the code finds it in the log of the server.',
  },
} as const

export type ErrorCode = keyof typeof errorCodes

/** An error whose code and message are sent to the client unchanged. */
export function clientError(code: ErrorCode, message: string, more: object = {}): GraphQLError {
  return new GraphQLError(message, { extensions: { code, ...more } })
}

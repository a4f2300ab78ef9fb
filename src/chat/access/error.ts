import type { Completion } from '../../store/completion.ts'
import type { ContextReport } from '../../store/completion-request.ts'
import type { Message } from '../../store/message.ts'

/** The context report of a question that is not stored. */
export interface UnwrittenReport extends ContextReport {
  /** The messages that the report lists. */
  messageIds: readonly string[]
  /** The messages of the question, which are not stored. */
  questionMessages: readonly Message[]
  /** The question is refused. Reading stopped when that was clear, and unread messages count as omitted. */
  tooLong: boolean
}

/** The expected failures: each is a member of a result union in GraphQL, and has an HTTP status over REST. */
export type Failure =
  | { code: 'INVALID_INPUT'; message: string; path: string }
  | { code: 'NOT_FOUND'; message: string }
  | { code: 'FORBIDDEN'; message: string }
  | { code: 'CONVERSATION_BUSY'; message: string; completion: Completion }
  | { code: 'IDEMPOTENCY_CONFLICT'; message: string }
  | { code: 'CONTEXT_TOO_LONG'; message: string; report: UnwrittenReport }
  | { code: 'RATE_LIMITED'; message: string; retryAfterMs: number }
  | { code: 'QUOTA_EXCEEDED'; message: string; resetsAt: Date }
  | { code: 'UPSTREAM_ERROR'; message: string; completion: Completion }

export class ChatError extends Error {
  override readonly name = 'ChatError'
  readonly code: Failure['code']
  readonly failure: Failure

  constructor(failure: Failure) {
    super(failure.message)
    this.code = failure.code
    this.failure = failure
  }
}

export function invalidInput(path: string, message: string): ChatError {
  return new ChatError({ code: 'INVALID_INPUT', path, message: `${path}: ${message}` })
}

export function notFound(what: string): ChatError {
  return new ChatError({ code: 'NOT_FOUND', message: `There is no such ${what}.` })
}

export function forbidden(message: string): ChatError {
  return new ChatError({ code: 'FORBIDDEN', message })
}

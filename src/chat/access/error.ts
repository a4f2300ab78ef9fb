import type { Completion } from '../../store/completion.ts'
import type { ContextReport } from '../../store/completion-request.ts'
import type { Message } from '../../store/message.ts'

/** Of a question that is not written. */
export interface UnwrittenReport extends ContextReport {
  /** Those that are listed. */
  messageIds: readonly string[]
  /** The question's messages, which are nowhere else. */
  questionMessages: readonly Message[]
  /** It is refused; counting stopped where that was clear, and what was not read counts as left out. */
  tooLong: boolean
}

/** What a client is to expect: each is a member of a result union, and over REST a status. */
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

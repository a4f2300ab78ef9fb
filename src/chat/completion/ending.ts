import { StoreError } from '../../database/error.ts'
import type { Completion, CompletionStatus, EndedMessage } from '../../store/completion.ts'
import type { CompletionError, CompletionErrorCode } from '../../store/completion-error.ts'
import type { AnswerChoice } from '../../stream/choice.ts'
import { storableJson } from '../../stream/text.ts'
import type { UpstreamError, UpstreamErrorCode } from '../../upstream/error.ts'
import type { StopReason } from '../answer/active-completion.ts'

export interface Ending {
  status: Exclude<CompletionStatus, 'IN_PROGRESS'>
  error: CompletionError | null
}

/** The rows that are stored at the end of an answer. */
export interface End {
  completion: Completion
  messages: EndedMessage[]
}

const noUpstreamValues = {
  upstreamId: null,
  requestId: null,
  created: null,
  modelUsed: null,
  systemFingerprint: null,
  serviceTier: null,
}

// An answer that was cut off is INTERRUPTED. One that the upstream refused, or that broke a rule of the protocol, is FAILED.
const interrupting: ReadonlySet<UpstreamErrorCode> = new Set([
  'FIRST_BYTE_TIMEOUT',
  'IDLE_TIMEOUT',
  'TOTAL_TIMEOUT',
  'UPSTREAM_RESET',
  'UPSTREAM_TRUNCATED',
])

const stops: Record<StopReason, { code: CompletionErrorCode; message: string }> = {
  CANCELLED: { code: 'CANCELLED', message: 'The completion was cancelled.' },
  DISPLACED: { code: 'CANCELLED', message: 'The message to answer was deleted while the completion waited.' },
  SERVER_DRAINED: { code: 'SERVER_DRAINED', message: 'The server was shut down before the answer was complete.' },
  SERVER_LOST: { code: 'SERVER_LOST', message: 'The server that streamed the answer was lost.' },
}

function ownError(code: CompletionErrorCode, message: string, retryable: boolean): CompletionError {
  return { code, message, providerCode: null, type: null, param: null, httpStatus: null, retryable }
}

export function endingOfStop(reason: StopReason): Ending {
  const { code, message } = stops[reason]
  const status = code === 'CANCELLED' ? 'CANCELLED' : 'INTERRUPTED'
  return { status, error: ownError(code, message, status === 'INTERRUPTED') }
}

export function endingOfUpstream(error: UpstreamError): Ending {
  const { code, message, providerCode, type, param, httpStatus, retryable } = error
  const status = interrupting.has(code) ? 'INTERRUPTED' : 'FAILED'
  return { status, error: storableJson({ code, message, providerCode, type, param, httpStatus, retryable }) }
}

/** The ending of a question that has become too long while it waited. It is what the upstream would answer to it. */
export function endingOfLength(message: string): Ending {
  const error = { ...ownError('UPSTREAM_REFUSED', message, false), providerCode: 'context_length_exceeded' }
  return { status: 'FAILED', error }
}

export function endingOfStorage(): Ending {
  return { status: 'FAILED', error: ownError('STORAGE', 'What was to be sent could not be read.', true) }
}

/** The ending after a fault of this server. Its cause is in the server's log, not in the answer. */
export function endingOfFault(): Ending {
  return { status: 'FAILED', error: ownError('UPSTREAM_PROTOCOL', 'The answer could not be understood.', false) }
}

/** True if the database would refuse the same end again; after any other error another attempt may succeed. */
export function isRefusal(error: unknown): boolean {
  return !(error instanceof StoreError)
}

/**
 * Replaces an end that the database refuses. Of the upstream's values it keeps only the texts, which were made storable on
 * arrival.
 */
export function plainEnd({ completion, messages }: End): End {
  return {
    completion: { ...completion, ...noUpstreamValues, ...endingOfFault() },
    messages: messages.map((message) => ({ ...message, logprobs: null })),
  }
}

export function endedMessage(id: string, choice: AnswerChoice, status: CompletionStatus): EndedMessage {
  const { content, refusal, reasoning, toolCalls, finishReason, logprobs } = choice
  const hasLogprobs = logprobs.content.length + logprobs.refusal.length > 0
  return {
    id,
    content: content === '' ? null : content,
    refusal: refusal === '' ? null : refusal,
    reasoning: reasoning === '' ? null : reasoning,
    toolCalls: toolCalls.filter(({ name }) => name !== ''),
    finishReason,
    logprobs: hasLogprobs ? logprobs : null,
    status: status === 'COMPLETED' || finishReason !== null ? 'COMPLETE' : 'PARTIAL',
  }
}

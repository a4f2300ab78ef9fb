import type { ObjectRef } from '@pothos/core'
import { ChatError, type Failure } from '../chat/access/error.ts'
import { builder } from './builder.ts'
import { CompletionErrorCode } from './completion/attempt.ts'
import { ContextReport } from './completion/context-report.ts'

type FailureOf<Code extends Failure['code']> = Extract<Failure, { code: Code }>

const typeNames = {
  INVALID_INPUT: 'InvalidInput',
  NOT_FOUND: 'NotFound',
  FORBIDDEN: 'Forbidden',
  CONVERSATION_BUSY: 'ConversationBusy',
  IDEMPOTENCY_CONFLICT: 'IdempotencyConflict',
  CONTEXT_TOO_LONG: 'ContextTooLong',
  RATE_LIMITED: 'RateLimited',
  QUOTA_EXCEEDED: 'QuotaExceeded',
  UPSTREAM_ERROR: 'UpstreamError',
} as const satisfies Record<Failure['code'], string>

export const ExpectedError = builder.interfaceRef<Failure>('Error').implement({
  description:
    'An expected failure. All failures implement it, so `... on Error { message }` handles those of every result union.',
  resolveType: ({ code }) => typeNames[code],
  fields: (t) => ({
    message: t.exposeString('message', { description: 'A sentence for a person, fit to be shown.' }),
  }),
})

function refOf<Code extends Failure['code']>(code: Code) {
  return builder.objectRef<FailureOf<Code>>(typeNames[code])
}

const interfaces = [ExpectedError]

const InvalidInput = builder.objectType(refOf('INVALID_INPUT'), {
  description: 'An argument is out of its range, or contradicts another argument. Nothing was done.',
  interfaces,
  fields: (t) => ({
    path: t.exposeString('path', {
      description: 'Which argument, such as `input.stop` or `input.messages.0.content`.',
    }),
  }),
})

const NotFound = builder.objectType(refOf('NOT_FOUND'), {
  description: 'The object does not exist, or the viewer may not see it: the two cases are not distinguished.',
  interfaces,
})

const Forbidden = builder.objectType(refOf('FORBIDDEN'), {
  description: 'The viewer may see the object, but their role does not allow this operation.',
  interfaces,
})

const ConversationBusy = builder.objectType(refOf('CONVERSATION_BUSY'), {
  description: 'Another answer is being written in this conversation. `ifBusy` chooses what happens in this case.',
  interfaces,
  fields: (t) => ({
    completion: t.expose('completion', {
      type: 'Completion',
      description: 'The completion in progress: watch it, cancel it, or wait for its end.',
    }),
  }),
})

const IdempotencyConflict = builder.objectType(refOf('IDEMPOTENCY_CONFLICT'), {
  description: 'The idempotency key was used before with a different input. Use a new key for a new request.',
  interfaces,
})

const ContextTooLong = builder.objectType(refOf('CONTEXT_TOO_LONG'), {
  description: 'The messages that have to be sent exceed the context window of the model, or the requested budget.',
  interfaces,
  fields: (t) => ({
    report: t.expose('report', {
      type: ContextReport,
      description: 'The messages that would have been sent, and their length.',
    }),
  }),
})

const RateLimited = builder.objectType(refOf('RATE_LIMITED'), {
  description: 'The viewer has sent too many requests. Nothing was done.',
  interfaces,
  fields: (t) => ({
    retryAfterMs: t.exposeInt('retryAfterMs', { description: 'When to try again, in milliseconds from now.' }),
  }),
})

const QuotaExceeded = builder.objectType(refOf('QUOTA_EXCEEDED'), {
  description: "The viewer's tokens are used up. Nothing was done.",
  interfaces,
  fields: (t) => ({
    resetsAt: t.expose('resetsAt', { type: 'DateTime', description: 'When there will be tokens again.' }),
  }),
})

const UpstreamError = builder.objectType(refOf('UPSTREAM_ERROR'), {
  description:
    'The answer is incomplete, and the client is not the cause. `completion`, which is FAILED or INTERRUPTED, has the text so far.',
  interfaces,
  fields: (t) => ({
    code: t.field({
      type: CompletionErrorCode,
      description: 'The same as `CompletionError.code`, such as `UPSTREAM_RATE_LIMITED`.',
      resolve: ({ completion }) => completion.error?.code ?? 'UPSTREAM_ERROR',
    }),
    providerCode: t.string({
      nullable: true,
      description: "The provider's own code, such as `context_length_exceeded`; null when it gave none.",
      resolve: ({ completion }) => completion.error?.providerCode,
    }),
    httpStatus: t.int({
      nullable: true,
      description: 'The HTTP status of the upstream, such as 429; null if it did not answer.',
      resolve: ({ completion }) => completion.error?.httpStatus,
    }),
    param: t.string({
      nullable: true,
      description:
        'The parameter that the provider complains of, by its wire name, such as `top_p`; null when it named none.',
      resolve: ({ completion }) => completion.error?.param,
    }),
    retryable: t.boolean({
      description: 'Whether the same request may succeed later.',
      resolve: ({ completion }) => completion.error?.retryable ?? false,
    }),
    requestId: t.string({
      nullable: true,
      description: "The upstream's id of the request, for its support; null when it gave none.",
      resolve: ({ completion }) => completion.requestId,
    }),
    completion: t.expose('completion', {
      type: 'Completion',
      description: 'The completion with its status and the text so far.',
    }),
  }),
})

const members = {
  INVALID_INPUT: InvalidInput,
  NOT_FOUND: NotFound,
  FORBIDDEN: Forbidden,
  CONVERSATION_BUSY: ConversationBusy,
  IDEMPOTENCY_CONFLICT: IdempotencyConflict,
  CONTEXT_TOO_LONG: ContextTooLong,
  RATE_LIMITED: RateLimited,
  QUOTA_EXCEEDED: QuotaExceeded,
  UPSTREAM_ERROR: UpstreamError,
}

/** A union of the payload after success and of the expected failures. */
export function createResult<Payload extends object>(
  name: string,
  description: string,
  payload: ObjectRef<typeof builder.$inferSchemaTypes, Payload>,
  codes: readonly Failure['code'][],
) {
  return builder.unionType(name, {
    description,
    types: [payload, ...codes.map((code) => members[code])],
    resolveType(value) {
      if (!('code' in value)) return payload.name
      // A limit may refuse any change, and not every union has a member for that. Then the failure becomes an entry in
      // `errors`.
      if (!codes.includes(value.code)) throw new ChatError(value)
      return typeNames[value.code]
    },
  })
}

/** Turns an expected failure into a value of the result union. All other errors are thrown again. */
export async function failable<Payload>(result: Promise<Payload>): Promise<Payload | Failure> {
  try {
    return await result
  } catch (error) {
    if (error instanceof ChatError) return error.failure
    throw error
  }
}

import type { Attempt as MadeAttempt, CompletionError as StoredError } from '../../chat/completion/completion.ts'
import { builder } from '../builder.ts'
import { part } from '../cost.ts'

export const CompletionError = builder.objectRef<StoredError>('CompletionError').implement({
  extensions: part,
  description:
    "Why a completion did not end well. `code` is ours and closed; `providerCode`, `type` and `param` are the provider's own words.",
  fields: (t) => ({
    code: t.exposeString('code', {
      description:
        'UPSTREAM_REFUSED (a 4xx), UPSTREAM_RATE_LIMITED, UPSTREAM_AUTH, UPSTREAM_UNAVAILABLE (5xx, no connection), FIRST_BYTE_TIMEOUT, ' +
        'IDLE_TIMEOUT, TOTAL_TIMEOUT, UPSTREAM_RESET, UPSTREAM_TRUNCATED, UPSTREAM_PROTOCOL, UPSTREAM_ERROR (an error object mid-stream), ' +
        'CONTENT_FILTER, SERVER_LOST, SERVER_DRAINED, STORAGE or CANCELLED.',
    }),
    message: t.exposeString('message', { description: 'A sentence for a person, fit to be shown.' }),
    providerCode: t.exposeString('providerCode', {
      nullable: true,
      description: 'Such as `context_length_exceeded`; null when the provider gave none.',
    }),
    type: t.exposeString('type', {
      nullable: true,
      description: 'Such as `invalid_request_error`; null when the provider gave none.',
    }),
    param: t.exposeString('param', {
      nullable: true,
      description:
        'The parameter that the provider complains of, by its wire name, such as `top_p`; null when it named none.',
    }),
    httpStatus: t.exposeInt('httpStatus', {
      nullable: true,
      description: 'What the upstream answered, such as 429; null when it did not answer.',
    }),
    retryable: t.exposeBoolean('retryable', { description: 'Whether the same request may succeed later.' }),
  }),
})

export const Attempt = builder.objectRef<MadeAttempt>('Attempt').implement({
  extensions: part,
  description: 'One request to one upstream. Before the first byte, a failed one may be followed by another.',
  fields: (t) => ({
    upstream: t.exposeString('upstream', { description: 'Its name in the settings, such as `openai`.' }),
    model: t.exposeString('model', { description: 'The model that was asked for there.' }),
    httpStatus: t.exposeInt('httpStatus', {
      nullable: true,
      description: 'What it answered; null when it did not answer.',
    }),
    error: t.exposeString('error', {
      nullable: true,
      description: 'What went wrong, in a sentence; null when nothing did.',
    }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When the request was sent.' }),
    durationMs: t.exposeInt('durationMs', { description: 'How long it took to its end, in milliseconds.' }),
  }),
})

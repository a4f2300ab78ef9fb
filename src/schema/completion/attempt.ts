import type {
  CompletionErrorCode as Code,
  Attempt as MadeAttempt,
  CompletionError as StoredError,
} from '../../chat/completion/completion.ts'
import { builder } from '../builder.ts'
import { part } from '../cost.ts'

const codes: Record<Code, { description: string }> = {
  UPSTREAM_REFUSED: {
    description:
      'The model server refused the request with a 4xx status, or the request was not sent because it is too long.',
  },
  UPSTREAM_RATE_LIMITED: { description: 'The model server received too many requests, or its quota is used up.' },
  UPSTREAM_AUTH: { description: "The model server does not accept this server's credentials." },
  UPSTREAM_UNAVAILABLE: { description: 'The model server answered with a 5xx status or could not be reached.' },
  FIRST_BYTE_TIMEOUT: { description: 'The model server did not begin to answer in time.' },
  IDLE_TIMEOUT: { description: 'The model server paused for too long in the middle of the answer.' },
  TOTAL_TIMEOUT: { description: 'The whole answer took too long.' },
  UPSTREAM_RESET: { description: 'The connection to the model server broke in the middle of the answer.' },
  UPSTREAM_TRUNCATED: { description: 'The answer stopped without an end, or is larger than this server accepts.' },
  UPSTREAM_PROTOCOL: { description: 'The response of the model server could not be understood or stored.' },
  UPSTREAM_ERROR: { description: 'The model server reported an error in the middle of the answer.' },
  CONTENT_FILTER: { description: "The provider's content filter refused the question." },
  SERVER_LOST: { description: 'The server that streamed the answer was lost.' },
  SERVER_DRAINED: { description: 'The server that streamed the answer was shut down.' },
  STORAGE: { description: 'The messages for the model could not be read from the database.' },
  CANCELLED: { description: 'Somebody stopped the completion, or the message that it was to answer was deleted.' },
}

export const CompletionErrorCode = builder.enumType('CompletionErrorCode', {
  description: 'Why a completion did not end well.',
  values: codes,
})

export const CompletionError = builder.objectRef<StoredError>('CompletionError').implement({
  extensions: part,
  description:
    "Why a completion did not end well. `code` is defined by this schema; `providerCode`, `type` and `param` are the provider's own words.",
  fields: (t) => ({
    code: t.expose('code', { type: CompletionErrorCode, description: 'The kind of failure.' }),
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
      description: 'The HTTP status of the upstream, such as 429; null if it did not answer.',
    }),
    retryable: t.exposeBoolean('retryable', { description: 'Whether the same request may succeed later.' }),
  }),
})

export const Attempt = builder.objectRef<MadeAttempt>('Attempt').implement({
  extensions: part,
  description:
    'One request to one upstream. If it fails before the first byte of the answer, another attempt may follow.',
  fields: (t) => ({
    upstream: t.exposeString('upstream', {
      description: 'The name of the upstream in the settings, such as `openai`.',
    }),
    model: t.exposeString('model', { description: 'The requested model.' }),
    httpStatus: t.exposeInt('httpStatus', {
      nullable: true,
      description: 'The HTTP status of the response; null if there was none.',
    }),
    error: t.exposeString('error', {
      nullable: true,
      description: 'What went wrong, in a sentence; null after success.',
    }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When the request was sent.' }),
    durationMs: t.exposeInt('durationMs', { description: 'How long it took to its end, in milliseconds.' }),
  }),
})

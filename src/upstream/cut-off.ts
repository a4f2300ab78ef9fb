import { UpstreamError } from './error.ts'
import { isObject, textOrNull, type Wire } from './json.ts'
import { providerErrorIn } from './provider-error.ts'

// The values of `finish_reason` that mean that the model did not finish: vLLM and SGLang `abort`, OpenRouter `error`, DeepSeek
// `insufficient_system_resource`, Zhipu `network_error`.
const failures: ReadonlySet<unknown> = new Set(['error', 'failed', 'unexpected_error'])
const cuts: ReadonlySet<unknown> = new Set([
  'abort',
  'aborted',
  'cancel',
  'cancelled',
  'canceled',
  'incomplete',
  'insufficient_system_resource',
  'interrupted',
  'network_error',
  'timeout',
])

/** Whether a finish reason means that the model did not finish. */
export function isCutOff(reason: unknown): boolean {
  return failures.has(reason) || cuts.has(reason)
}

/** The error if a choice of a chunk reports, by its finish reason or an error object, that it was cut off; else null. */
export function cutOffIn(choice: unknown, apiKey: string | null, requestId: string | null): UpstreamError | null {
  if (!isObject(choice)) return null
  const { finish_reason: reason, error } = choice
  const reported = isReport(error) ? providerErrorIn({ error }, apiKey) : null
  if (reported === null && !isCutOff(reason)) return null
  const words = reported?.message ?? null
  const details = {
    providerCode: reported?.code ?? textOrNull(reason),
    type: reported?.type,
    param: reported?.param,
    requestId,
  }
  if (reported !== null || failures.has(reason)) {
    return new UpstreamError('UPSTREAM_ERROR', words ?? 'The upstream reported an error.', details)
  }
  return new UpstreamError('UPSTREAM_TRUNCATED', `The upstream cut the answer off: ${reason}.`, details)
}

/** Some servers send an empty error object in each chunk, which is ignored. */
export function isReport(error: unknown): boolean {
  if (!isObject(error)) return Boolean(error)
  return Object.values(error as Wire).some((value) => Boolean(value))
}

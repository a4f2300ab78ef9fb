/** Response headers as undici returns them, with names in lower case. */
export type Headers = Readonly<Record<string, string | string[] | undefined>>

/** What to do after a failed attempt: repeat it at the same upstream, ask the next upstream, or report the failure. */
export type NextStep = 'RETRY' | 'FAIL_OVER' | 'FAIL'

export const maxRetries = 2

const maxRetryAfterMs = 60_000
const firstBackoffMs = 500
const maxBackoffMs = 8_000

export function nextStepOf(status: number, headers: Headers, providerCode: string | null): NextStep {
  const wish = headerOf(headers, 'x-should-retry')
  if (wish === 'true') return 'RETRY'
  if (!isTransient(status)) return 'FAIL'
  return wish === 'false' || providerCode === 'insufficient_quota' ? 'FAIL_OVER' : 'RETRY'
}

export function isTransient(status: number): boolean {
  return status === 408 || status === 409 || status === 429 || status >= 500
}

/** `retries` counts those already made. */
export function retryDelayMs(headers: Headers, retries: number): number {
  return (
    delayWithin(headerOf(headers, 'retry-after-ms'), Number) ??
    delayWithin(headerOf(headers, 'retry-after'), secondsOrDateMs) ??
    backoffMs(retries)
  )
}

export function headerOf(headers: Headers, name: string): string | null {
  const value = headers[name]
  return (Array.isArray(value) ? value[0] : value) ?? null
}

function delayWithin(value: string | null, toMs: (value: string) => number): number | null {
  if (value === null || value.trim() === '') return null
  const ms = toMs(value)
  return ms >= 0 && ms <= maxRetryAfterMs ? ms : null
}

function secondsOrDateMs(value: string): number {
  const seconds = Number(value)
  return Number.isNaN(seconds) ? Date.parse(value) - Date.now() : seconds * 1000
}

function backoffMs(retries: number): number {
  const ms = Math.min(firstBackoffMs * 2 ** retries, maxBackoffMs)
  // The jitter only shortens the delay, so that maxBackoffMs remains the maximum.
  return ms * (1 - Math.random() / 4)
}

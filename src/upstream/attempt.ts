import { type Dispatcher, errors } from 'undici'
import { createBodyReader, type ResponseReader } from './body-reader.ts'
import type { Chunk } from './chunk.ts'
import { UpstreamError } from './error.ts'
import { createRefusalReader, requestIdOf } from './refusal.ts'
import { type Headers, type NextStep, nextStepOf } from './retry.ts'
import { createWatchdog, type TimeoutCode } from './watchdog.ts'

export interface AttemptOptions {
  pool: Dispatcher
  origin: string
  path: string
  headers: Record<string, string>
  body: string
  apiKey: string | null
  /** how many choices were requested */
  choices: number
  /** how many bytes the answer may have */
  maxBytes: number
  lenientEnd: boolean
  firstByteMs: number
  idleMs: number
  /** on the clock of performance.now() */
  deadline: number
  signal: AbortSignal
  onResponse(requestId: string | null): void
  onChunk(chunk: Chunk): void
}

/**
 * The result of one HTTP attempt. Unless the answer is whole, `error` is the error for the caller if no other attempt succeeds.
 */
export interface Outcome {
  whole: boolean
  error: unknown
  httpStatus: number | null
  headers: Headers
  /** null after a whole answer */
  nextStep: NextStep | null
}

interface Response {
  status: number
  headers: Headers
  requestId: string | null
  reader: ResponseReader
}

// A server may keep the response open after [DONE]. If it ends the response within this time, the connection is reused.
const lingerMs = 1_000

// llhttp's message for a chunked body without its last chunk, if the connection was to be closed after it.
const endsTooSoon = 'Invalid EOF state'

const timeoutMessages: Record<TimeoutCode, string> = {
  FIRST_BYTE_TIMEOUT: 'The upstream did not begin to answer in time.',
  IDLE_TIMEOUT: 'The upstream sent nothing for too long in the middle of the answer.',
  TOTAL_TIMEOUT: 'The answer took longer than the time limit.',
}

/** One HTTP attempt. Never rejects. If it resolves without a whole answer, its socket is closed. */
export function attempt(options: AttemptOptions): Promise<Outcome> {
  return new Promise((resolve) => {
    const { pool, origin, path, headers, body } = options
    const handler = createHandler(options, resolve)
    pool.dispatch({ method: 'POST', origin, path, headers, body, headersTimeout: 0, bodyTimeout: 0 }, handler)
  })
}

function createHandler(options: AttemptOptions, resolve: (outcome: Outcome) => void): Dispatcher.DispatchHandler {
  const { signal } = options
  let controller: Dispatcher.DispatchController | null = null
  let response: Response | null = null
  let settled = false
  let linger: NodeJS.Timeout | undefined
  const abandon = () => fail(signal.reason)
  const watchdog = createWatchdog(options.deadline, (code) => cutOff(timeout(code, response)))
  signal.addEventListener('abort', abandon)

  function settle(whole: boolean, error: unknown, nextStep: NextStep | null) {
    if (settled) return
    settled = true
    watchdog.stop()
    signal.removeEventListener('abort', abandon)
    response?.reader.stop()
    if (!whole) hangUp()
    resolve({ whole, error, nextStep, httpStatus: response?.status ?? null, headers: response?.headers ?? {} })
  }
  const succeed = () => settle(true, null, null)
  const fail = (error: unknown) => settle(false, error, nextStepAfter(error, response))
  const hangUp = () => controller?.abort(new Error('hung up'))

  function cutOff(error: UpstreamError) {
    if (!response?.reader.isFinished()) return fail(response?.reader.refusal() ?? error)
    succeed()
    hangUp()
  }

  return {
    onRequestStart(started) {
      controller = started
      // If the attempt was given up while the connection was being made, it is closed now.
      if (settled) hangUp()
      else watchdog.expect('FIRST_BYTE_TIMEOUT', options.firstByteMs)
    },
    onResponseStart(_, status, headers) {
      if (settled || status < 200) return
      watchdog.expect('IDLE_TIMEOUT', options.idleMs)
      try {
        response = openResponse(options, status, headers)
      } catch (error) {
        fail(error)
      }
    },
    onResponseData(_, bytes) {
      if (settled || !response) return
      try {
        if (response.reader.read(bytes)) watchdog.progress()
        if (!response.reader.isDone()) return
        succeed()
        linger = setTimeout(hangUp, lingerMs)
      } catch (error) {
        fail(error)
      }
    },
    onResponseEnd() {
      clearTimeout(linger)
      try {
        response?.reader.end()
        succeed()
      } catch (error) {
        fail(error)
      }
    },
    onResponseError(_, cause) {
      clearTimeout(linger)
      if (!settled) cutOff(lostConnection(cause, response))
    },
  }
}

function openResponse(options: AttemptOptions, status: number, headers: Headers): Response {
  const requestId = requestIdOf(headers)
  if (status >= 300) return { status, headers, requestId, reader: createRefusalReader(status, headers, options.apiKey) }
  const onAnswer = () => options.onResponse(requestId)
  return { status, headers, requestId, reader: createBodyReader({ ...options, headers, requestId, onAnswer }) }
}

function timeout(code: TimeoutCode, response: Response | null): UpstreamError {
  return new UpstreamError(code, timeoutMessages[code], { requestId: response?.requestId })
}

function lostConnection(cause: Error, response: Response | null): UpstreamError {
  const details = { requestId: response?.requestId, cause }
  const isMalformed = cause instanceof errors.HTTPParserError && !cause.message.includes(endsTooSoon)
  if (isMalformed || cause instanceof errors.HeadersOverflowError) {
    return new UpstreamError('UPSTREAM_PROTOCOL', 'The upstream broke the rules of HTTP.', details)
  }
  if (response) return new UpstreamError('UPSTREAM_RESET', 'The connection to the upstream was lost.', details)
  return new UpstreamError('UPSTREAM_UNAVAILABLE', 'The upstream could not be reached.', details)
}

/** After an answer has begun, another attempt would be paid for twice and could contradict the text that viewers have seen. */
function nextStepAfter(error: unknown, response: Response | null): NextStep {
  if (!(error instanceof UpstreamError)) return 'FAIL'
  if (response && error.httpStatus !== null) return nextStepOf(error.httpStatus, response.headers, error.providerCode)
  if (error.code === 'UPSTREAM_UNAVAILABLE') return 'RETRY'
  return error.code === 'FIRST_BYTE_TIMEOUT' ? 'FAIL_OVER' : 'FAIL'
}

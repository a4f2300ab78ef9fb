import { setTimeout as delay } from 'node:timers/promises'
import { EnvHttpProxyAgent, Pool } from 'undici'
import type { TokenCounts } from '../stream/token-counts.ts'
import { withAdvice } from './advice.ts'
import { attempt, type Outcome } from './attempt.ts'
import { createBreaker, maxFailures } from './breaker.ts'
import type { Chunk } from './chunk.ts'
import { UpstreamError } from './error.ts'
import { createGlob } from './glob.ts'
import { isInt } from './json.ts'
import { createModelList, type Model } from './models.ts'
import { type ChatRequest, type RequestForm, writeBody } from './request-body.ts'
import { maxRetries, retryDelayMs } from './retry.ts'
import { withoutEndSlashes } from './upstreams-file.ts'

export interface UpstreamSettings extends RequestForm {
  name: string
  baseUrl: string
  apiKey: string | null
  /** names of models, in which * stands for any characters */
  models: string[]
  contextWindow: number | null
  /** in US dollars, by model or by a pattern like those of `models` */
  prices: Record<string, { promptPerMillion: number; completionPerMillion: number }>
  timeouts: { connectMs: number; firstByteMs: number; idleMs: number; totalMs: number }
  /** accepts an answer as whole if its response ends normally, although it has neither finish_reason nor [DONE] */
  lenientEnd: boolean
  /** The refused parameters that clients may nevertheless send to this upstream. */
  allow: string[]
}

/** The proxy for each scheme, empty if there is none, and the hosts, separated by commas, that are contacted without it. */
export interface ProxySettings {
  httpsProxy: string
  httpProxy: string
  noProxy: string
}

/** One HTTP attempt. `error` is an UpstreamErrorCode, or CANCELLED if the caller ended it. */
export interface Attempt {
  upstream: string
  model: string
  httpStatus: number | null
  error: string | null
  startedAt: Date
  durationMs: number
}

/** An error that a handler throws rejects the stream. */
export interface StreamHandlers {
  signal: AbortSignal
  /** Called after each attempt, also after the successful one. */
  onAttempt(attempt: Attempt): void
  onResponse(response: { upstream: string; requestId: string | null }): void
  /** Called synchronously in the read that brought the chunk. */
  onChunk(chunk: Chunk): void
}

export interface Upstreams {
  /**
   * Streams one answer. Resolves when the answer is whole; rejects with UpstreamError or with the signal's reason, and then the
   * socket is closed. After a whole answer the next request may use the same socket.
   */
  stream(request: ChatRequest, handlers: StreamHandlers): Promise<void>
  /**
   * The models that all upstreams list, each id once with the upstream that is tried first. Upstreams that fail are left out.
   */
  models(signal: AbortSignal): Promise<Model[]>
  /** The first model that the settings of the first upstream name or, if they have only patterns, the first that it lists. */
  defaultModel(signal: AbortSignal): Promise<string>
  contextWindow(model: string): number | null
  /** Whether every upstream of the model allows a parameter that clients may not send otherwise. */
  allows(model: string, parameter: string): boolean
  /**
   * The cost in millionths of a US dollar. `models` are the names of one model, the most reliable first; a price for an exact
   * name is preferred to a price for a pattern. If the upstream is null, the one that is tried first is assumed. Returns null
   * if no name has a price, or if the cost has more than 32 bits.
   */
  costMicros(
    upstream: string | null,
    models: string[],
    usage: Pick<TokenCounts, 'promptTokens' | 'completionTokens'>,
  ): number | null
  /** Cuts off all requests that are still running. */
  close(): Promise<void>
}

type Upstream = ReturnType<typeof createUpstream>

export interface UpstreamsOptions {
  /** null to contact the upstreams directly */
  proxy: ProxySettings | null
  /** the maximum size of an answer, and of a list of models */
  answerBytes: number
}

/** The upstreams that serve a model are tried in the order of the settings. */
export function createUpstreams(settings: UpstreamSettings[], options: UpstreamsOptions): Upstreams {
  const upstreams = settings.map((each) => createUpstream(each, options))
  const serving = (model: string) => upstreams.filter((upstream) => upstream.serves(model))

  return {
    async stream(request, handlers) {
      const startedAt = performance.now()
      let error: unknown = null
      for (const upstream of serving(request.model)) {
        const deadline = startedAt + upstream.settings.timeouts.totalMs
        // No time is left for this upstream: it could only report a timeout, which would hide the error of the one before it.
        if (error !== null && performance.now() >= deadline) continue
        const outcome = await tryGuarded(upstream, request, deadline, handlers)
        if (outcome.whole) return
        error = outcome.error
        if (outcome.nextStep === 'FAIL') break
      }
      throw withAdvice(error, request) ?? noSuchModel(request.model)
    },

    async models(signal) {
      const lists = await unlessAborted(Promise.allSettled(upstreams.map((upstream) => upstream.models())), signal)
      const all = lists.flatMap((list) => (list.status === 'fulfilled' ? list.value : []))
      const ids = new Set<string>()
      return all.filter(({ id }) => !ids.has(id) && ids.add(id))
    },

    async defaultModel(signal) {
      const first = upstreams[0]
      const named = first?.settings.models.find((pattern) => !pattern.includes('*'))
      if (named !== undefined) return named
      const [listed] = first ? await unlessAborted(first.models(), signal) : []
      if (listed) return listed.id
      throw new UpstreamError('UPSTREAM_UNAVAILABLE', 'No model was named, and the first upstream lists none.')
    },

    allows: (model, parameter) => serving(model).every(({ settings }) => settings.allow.includes(parameter)),

    contextWindow: (model) => serving(model)[0]?.settings.contextWindow ?? null,

    costMicros(name, models, { promptTokens, completionTokens }) {
      const upstream =
        name === null ? models.flatMap(serving)[0] : upstreams.find(({ settings }) => settings.name === name)
      const price = upstream?.priceOf(models)
      if (!price) return null
      // A dollar per million tokens is a millionth of a dollar per token.
      const cost = Math.round(promptTokens * price.promptPerMillion + completionTokens * price.completionPerMillion)
      return isInt(cost) ? cost : null
    },

    async close() {
      await Promise.all(upstreams.map((upstream) => upstream.close()))
    },
  }
}

function createUpstream(settings: UpstreamSettings, { proxy, answerBytes }: UpstreamsOptions) {
  const { name, apiKey, contextWindow, timeouts } = settings
  const { origin, pathname, search } = new URL(settings.baseUrl)
  // Base URLs are often copied together with the path of the chat completions.
  const basePath = withoutEndSlashes(pathname).replace(/\/chat\/completions$/, '')
  const pathOf = (resource: string) => `${basePath}/${resource}${search}`
  const authorization: Record<string, string> = apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }
  const options = { connections: null, pipelining: 1, connect: { timeout: timeouts.connectMs } }
  const pool = proxy === null ? new Pool(origin, options) : new EnvHttpProxyAgent({ ...options, ...proxy })
  const listHeaders = { ...authorization, accept: 'application/json' }
  const list = createModelList({ pool, origin, path: pathOf('models'), headers: listHeaders, maxBytes: answerBytes })
  const patterns = settings.models.map(createGlob)
  const prices = Object.entries(settings.prices).map(([model, price]) => ({ model, matches: createGlob(model), price }))
  const serves = (model: string) => patterns.some((matches) => matches(model))
  let isClosed = false

  return {
    settings,
    breaker: createBreaker(),
    answerBytes,
    pool,
    origin,
    path: pathOf('chat/completions'),
    headers: { ...authorization, accept: 'text/event-stream', 'content-type': 'application/json' },
    serves,
    isClosed: () => isClosed,
    close() {
      isClosed = true
      return pool.destroy()
    },
    async models(): Promise<Model[]> {
      const listed = await list()
      return listed.filter(({ id }) => serves(id)).map((model) => ({ ...model, upstream: name, contextWindow }))
    },
    priceOf(names: string[]) {
      const exact = names.map((name) => prices.find(({ model }) => model === name))
      const matching = names.map((name) => prices.find(({ matches }) => matches(name)))
      return [...exact, ...matching].find((entry) => entry !== undefined)?.price ?? null
    },
  }
}

async function tryGuarded(
  upstream: Upstream,
  request: ChatRequest,
  deadline: number,
  handlers: StreamHandlers,
): Promise<Outcome> {
  const { breaker } = upstream
  if (!breaker.admits(request.model)) return keptAway(upstream, request.model, handlers)
  try {
    const outcome = await tryRepeatedly(upstream, request, deadline, handlers)
    const code = outcome.error instanceof UpstreamError ? outcome.error.code : null
    if (code === 'UPSTREAM_UNAVAILABLE' || code === 'FIRST_BYTE_TIMEOUT') breaker.failed(request.model)
    else if (outcome.whole || code !== null) breaker.answered(request.model)
    return outcome
  } finally {
    breaker.abandoned(request.model)
  }
}

async function tryRepeatedly(
  upstream: Upstream,
  request: ChatRequest,
  deadline: number,
  handlers: StreamHandlers,
): Promise<Outcome> {
  const body = writeBody(request, upstream.settings)
  for (let retries = 0; ; retries++) {
    handlers.signal.throwIfAborted()
    const outcome = await tryOnce(upstream, request, body, deadline, handlers)
    if (outcome.nextStep !== 'RETRY' || retries === maxRetries || upstream.isClosed()) return outcome
    const delayMs = retryDelayMs(outcome.headers, retries)
    if (performance.now() + delayMs >= deadline) return outcome
    await unlessAborted(delay(delayMs, undefined, { signal: handlers.signal }), handlers.signal)
  }
}

async function tryOnce(
  { settings, breaker, answerBytes, pool, origin, path, headers }: Upstream,
  { model, parameters }: ChatRequest,
  body: string,
  deadline: number,
  { signal, onAttempt, onResponse, onChunk }: StreamHandlers,
): Promise<Outcome> {
  const { name, apiKey, lenientEnd, timeouts } = settings
  const startedAt = new Date()
  const startMs = performance.now()
  const outcome = await attempt({
    pool,
    origin,
    path,
    headers,
    body,
    apiKey,
    choices: Math.max(1, Number(parameters['n'] ?? 1)),
    maxBytes: answerBytes,
    lenientEnd,
    firstByteMs: timeouts.firstByteMs,
    idleMs: timeouts.idleMs,
    deadline,
    signal,
    onResponse(requestId) {
      breaker.answered(model)
      onResponse({ upstream: name, requestId })
    },
    onChunk,
  })
  const { whole, error, httpStatus } = outcome
  const code = error instanceof UpstreamError ? error.code : 'CANCELLED'
  const durationMs = Math.round(performance.now() - startMs)
  onAttempt({ upstream: name, model, httpStatus, error: whole ? null : code, startedAt, durationMs })
  return outcome
}

/** The outcome of a request while the breaker is open. */
function keptAway({ settings }: Upstream, model: string, { onAttempt }: StreamHandlers): Outcome {
  const [code, httpStatus] = ['UPSTREAM_UNAVAILABLE', null] as const
  onAttempt({ upstream: settings.name, model, httpStatus, error: code, startedAt: new Date(), durationMs: 0 })
  const message = `The upstream is not asked at the moment, because ${maxFailures} requests in a row failed.`
  const error = new UpstreamError(code, message)
  return { whole: false, error, httpStatus, headers: {}, nextStep: 'FAIL_OVER' }
}

function noSuchModel(model: string): UpstreamError {
  return new UpstreamError('UPSTREAM_REFUSED', `No upstream serves the model ${model}.`, {
    providerCode: 'model_not_found',
    param: 'model',
  })
}

/** Rejects with the signal's reason when it aborts, without waiting for the result. */
function unlessAborted<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abandon = () => reject(signal.reason)
    signal.addEventListener('abort', abandon)
    result.then(resolve, reject).finally(() => signal.removeEventListener('abort', abandon))
    if (signal.aborted) abandon()
  })
}

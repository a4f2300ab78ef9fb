import type { Dispatcher } from 'undici'
import { z } from 'zod'
import { UpstreamError } from './error.ts'
import { isObject } from './json.ts'

interface ListedModel {
  id: string
  ownedBy: string | null
  /** unix seconds */
  created: number | null
}

export interface Model extends ListedModel {
  upstream: string
  contextWindow: number | null
}

const listed = z.object({
  id: z.string().min(1).max(256),
  owned_by: z.string().nullable().catch(null),
  created: z.int32().nullable().catch(null),
})

const listedMs = 60_000
const retryAfterFailureMs = 5_000
// Well below the timeouts of callers that read all lists or the default model: one slow list must not cost them the others.
const listTimeoutMs = 4_000

interface ModelListSource {
  pool: Dispatcher
  origin: string
  path: string
  headers: Record<string, string>
  /** the maximum size of the list; a longer list is refused */
  maxBytes: number
}

/** Caches GET /models: it is requested at most once a minute, or once in five seconds after a failure. */
export function createModelList(source: ModelListSource) {
  let current: Promise<ListedModel[]> | null = null
  let staleAt = 0

  return function list(): Promise<ListedModel[]> {
    if (current && performance.now() < staleAt) return current
    const asked = fetchModels(source).catch((cause) => {
      throw new UpstreamError('UPSTREAM_UNAVAILABLE', 'The upstream did not list its models.', { cause })
    })
    current = asked
    staleAt = performance.now() + listedMs
    asked.catch(() => {
      if (current === asked) staleAt = performance.now() + retryAfterFailureMs
    })
    return asked
  }
}

async function fetchModels({ pool, origin, path, headers, maxBytes }: ModelListSource): Promise<ListedModel[]> {
  const signal = AbortSignal.timeout(listTimeoutMs)
  const { statusCode, body } = await pool.request({ method: 'GET', origin, path, headers, signal })
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of body as AsyncIterable<Buffer>) {
    bytes += part.length
    if (bytes > maxBytes) throw new Error('the list of models is too long')
    parts.push(part)
  }
  if (statusCode !== 200) throw new Error(`the list of models came with HTTP status ${statusCode}`)
  return modelsIn(JSON.parse(Buffer.concat(parts).toString()))
}

/** Some servers send the list without the object around it. An entry that is malformed is left out, and the others are kept. */
function modelsIn(json: unknown): ListedModel[] {
  const list = isObject(json) ? json['data'] : json
  if (!Array.isArray(list)) throw new Error('the list of models is none')
  return list.flatMap((entry) => {
    const { success, data } = listed.safeParse(entry)
    return success ? [{ id: data.id, ownedBy: data.owned_by, created: data.created }] : []
  })
}

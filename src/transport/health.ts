import type { IncomingMessage, ServerResponse } from 'node:http'
import { replyJson } from './reply.ts'

/** By name what the server needs to serve; null where it is well, else the reason why it is not, in words for strangers. */
export type Checks = () => Promise<Record<string, string | null>>

const patienceMs = 2_000
/** Anybody may ask, and each check is a statement. */
const freshMs = 1_000

export function replyAlive(_request: IncomingMessage, response: ServerResponse): void {
  replyJson(response, 200, { ok: true })
}

export function createReadiness(checks: Checks, isDraining: () => boolean) {
  const recent = onceWithin(freshMs, () => withinPatience(checks()))
  return async (_request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const found = { ...(await recent()), draining: isDraining() ? 'the server is stopping' : null }
    const ok = Object.values(found).every((reason) => reason === null)
    const named = Object.entries(found).map(([name, reason]) => [name, reason ?? 'ok'])
    replyJson(response, ok ? 200 : 503, { ok, checks: Object.fromEntries(named) })
  }
}

/** Whoever asks while it is being found out, or so long after, gets the same. */
function onceWithin<Value>(ms: number, find: () => Promise<Value>): () => Promise<Value> {
  let found: Promise<Value> | null = null
  return () => {
    if (found !== null) return found
    const finding = find()
    found = finding
    const forget = () => setTimeout(() => (found = null), ms).unref()
    finding.then(forget, forget)
    return finding
  }
}

async function withinPatience(found: ReturnType<Checks>): ReturnType<Checks> {
  let timer: NodeJS.Timeout | undefined
  const silence = new Promise<Record<string, string>>((resolve) => {
    timer = setTimeout(() => resolve({ checks: `no answer within ${patienceMs} ms` }), patienceMs)
  })
  try {
    return await Promise.race([found, silence])
  } finally {
    clearTimeout(timer)
  }
}

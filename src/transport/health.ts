import type { IncomingMessage, ServerResponse } from 'node:http'
import { replyJson } from './reply.ts'

/** The state of each thing that the server needs, by name: null if it works, else the reason in words that anybody may read. */
export type Checks = () => Promise<Record<string, string | null>>

const checkTimeoutMs = 2_000
/** A result is reused for this time, because anybody may request it and each check costs a statement. */
const reuseMs = 1_000

export function replyAlive(_request: IncomingMessage, response: ServerResponse): void {
  replyJson(response, 200, { ok: true })
}

export function createReadiness(checks: Checks, isDraining: () => boolean) {
  const recent = onceWithin(reuseMs, () => withTimeout(checks()))
  return async (_request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const found = { ...(await recent()), draining: isDraining() ? 'the server is stopping' : null }
    const ok = Object.values(found).every((reason) => reason === null)
    const named = Object.entries(found).map(([name, reason]) => [name, reason ?? 'ok'])
    replyJson(response, ok ? 200 : 503, { ok, checks: Object.fromEntries(named) })
  }
}

/** Calls that come while a result is being found, or within `ms` after it, share the result. */
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

async function withTimeout(found: ReturnType<Checks>): ReturnType<Checks> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<Record<string, string>>((resolve) => {
    timer = setTimeout(() => resolve({ checks: `no answer within ${checkTimeoutMs} ms` }), checkTimeoutMs)
  })
  try {
    return await Promise.race([found, timeout])
  } finally {
    clearTimeout(timer)
  }
}

import type { IncomingMessage, ServerResponse } from 'node:http'
import { replyJson } from './reply.ts'

/** By name what the server needs to serve; null where it is well, else the reason why it is not. */
export type Checks = () => Promise<Record<string, string | null>>

const patienceMs = 2_000

export function replyAlive(_request: IncomingMessage, response: ServerResponse): void {
  replyJson(response, 200, { ok: true })
}

export function createReadiness(checks: Checks, isDraining: () => boolean) {
  return async (_request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const found = { ...(await withinPatience(checks())), draining: isDraining() ? 'the server is stopping' : null }
    const ok = Object.values(found).every((reason) => reason === null)
    const named = Object.entries(found).map(([name, reason]) => [name, reason ?? 'ok'])
    replyJson(response, ok ? 200 : 503, { ok, checks: Object.fromEntries(named) })
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

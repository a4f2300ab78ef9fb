import { RequestError } from '../harness/client.ts'

const lost = /WebSocket closed|ended without|socket|ECONN|terminated|fetch failed/i

/** A connection that is not there or broke, or a server that cannot serve now: a reason to come again. */
export function isLoss(error: unknown): boolean {
  if (error instanceof RequestError)
    return error.errors.every(({ extensions }) => extensions?.['code'] === 'UNAVAILABLE')
  return lost.test(String(error))
}

import type { IncomingMessage, ServerResponse } from 'node:http'

export interface Origins {
  /** False for a page of another origin that is not allowed; programs send no Origin and pass. */
  admits(request: IncomingMessage): boolean
  /** Lets pages of allowed origins read the answer; answers of the same origin need nothing. */
  share(request: IncomingMessage, response: ServerResponse): void
}

export function createOrigins(allowed: string[]): Origins {
  return {
    admits({ headers: { origin, host } }) {
      if (origin === undefined || allowed.includes(origin)) return true
      return URL.canParse(origin) && new URL(origin).host === host
    },
    share({ headers: { origin } }, response) {
      response.setHeader('vary', 'origin')
      if (origin === undefined || !allowed.includes(origin)) return
      response.setHeader('access-control-allow-origin', origin)
      response.setHeader('access-control-allow-methods', 'GET, POST')
      response.setHeader('access-control-allow-headers', 'authorization, content-type')
      response.setHeader('access-control-max-age', '600')
    },
  }
}

/** This server's, as the client sees it; empty where the request does not tell. Not for deciding who may do what. */
export function ownOrigin({ headersDistinct }: IncomingMessage): string {
  // As it was sent: of the other view, the host is changed on the way.
  const [host = ''] = headersDistinct['host'] ?? []
  const scheme = headersDistinct['x-forwarded-proto']?.[0] === 'https' ? 'https' : 'http'
  const address = `${scheme}://${host}`
  return URL.canParse(address) ? new URL(address).origin : ''
}

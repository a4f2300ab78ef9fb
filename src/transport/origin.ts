import type { IncomingMessage, ServerResponse } from 'node:http'
import { isIPv4 } from 'node:net'

export interface OriginSettings {
  allowedOrigins: string[]
  /** Else only by names that no stranger can own. */
  anyHost: boolean
}

export interface Origins {
  /**
   * False where it was asked for by a name that may be a stranger's. Who owns a name can make it lead here, and has a
   * page of the same origin then: DNS rebinding, before which a check of the origin alone is blind.
   */
  knows(request: IncomingMessage): boolean
  /** False for a page of another origin that is not allowed; programs send no Origin and pass. */
  admits(request: IncomingMessage): boolean
  /** Lets pages of allowed origins read the answer; answers of the same origin need nothing. */
  share(request: IncomingMessage, response: ServerResponse): void
}

/** The latter ones are what Apollo's clients add, which a browser sends only where the preflight allows them. */
const allowedHeaders = [
  'authorization',
  'content-type',
  'apollographql-client-name',
  'apollographql-client-version',
  'x-apollo-operation-name',
  'apollo-require-preflight',
].join(', ')

export function createOrigins({ allowedOrigins: allowed, anyHost }: OriginSettings): Origins {
  const allowedHosts = allowed.map((origin) => new URL(origin).hostname)
  return {
    knows({ headers: { host } }) {
      const address = `http://${host}`
      if (anyHost || !URL.canParse(address)) return true
      const { hostname } = new URL(address)
      return isNobodys(hostname) || allowedHosts.includes(hostname)
    },
    admits({ headers: { origin, host } }) {
      if (origin === undefined || allowed.includes(origin)) return true
      return URL.canParse(origin) && new URL(origin).host === host
    },
    share({ headers: { origin } }, response) {
      response.setHeader('vary', 'origin')
      if (origin === undefined || !allowed.includes(origin)) return
      response.setHeader('access-control-allow-origin', origin)
      response.setHeader('access-control-allow-methods', 'GET, POST')
      response.setHeader('access-control-allow-headers', allowedHeaders)
      response.setHeader('access-control-max-age', '600')
    },
  }
}

/** An address, this machine, or a name without a dot, which only one's own network resolves. */
function isNobodys(hostname: string): boolean {
  return !hostname.includes('.') || isIPv4(hostname) || hostname.endsWith('.localhost')
}

/** This server's, as the client sees it; empty where the request does not tell. Not for deciding who may do what. */
export function ownOrigin({ headersDistinct }: IncomingMessage): string {
  // As it was sent: of the other view, the host is changed on the way.
  const [host = ''] = headersDistinct['host'] ?? []
  // Each proxy on the way adds its own: the first one is what the client used.
  const [forwarded] = headersDistinct['x-forwarded-proto']?.[0]?.split(',') ?? []
  const scheme = forwarded?.trim().toLowerCase() === 'https' ? 'https' : 'http'
  const address = `${scheme}://${host}`
  return URL.canParse(address) ? new URL(address).origin : ''
}

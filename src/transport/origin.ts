import type { IncomingMessage, ServerResponse } from 'node:http'
import { isIPv4 } from 'node:net'

export interface OriginSettings {
  allowedOrigins: string[]
  /** If false, requests are served only for host names that no stranger can own. */
  anyHost: boolean
}

export interface Origins {
  /**
   * False if the request is for a host name that a stranger may own. The owner of a name can point it at this server, and then
   * a page of that name has the same origin (DNS rebinding). A check of the Origin header does not notice that.
   */
  knows(request: IncomingMessage): boolean
  /**
   * False for a page of another origin that is not allowed. Requests without an Origin header, which programs send, are
   * allowed.
   */
  admits(request: IncomingMessage): boolean
  /** Adds the headers that let pages of allowed origins read the response. Pages of the same origin need none. */
  share(request: IncomingMessage, response: ServerResponse, offer: Offer): void
}

/** What pages of allowed origins may send, and which headers of the response they may read. */
export interface Offer {
  methods: string
  headers: readonly string[]
  exposed: readonly string[]
}

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
    share({ headers: { origin } }, response, { methods, headers, exposed }) {
      response.setHeader('vary', 'origin')
      if (origin === undefined || !allowed.includes(origin)) return
      response.setHeader('access-control-allow-origin', origin)
      response.setHeader('access-control-allow-methods', methods)
      response.setHeader('access-control-allow-headers', headers.join(', '))
      if (exposed.length > 0) response.setHeader('access-control-expose-headers', exposed.join(', '))
      response.setHeader('access-control-max-age', '600')
    },
  }
}

/** True for an IP address, for localhost, and for a name without a dot, which only the local network resolves. */
function isNobodys(hostname: string): boolean {
  return !hostname.includes('.') || isIPv4(hostname) || hostname.endsWith('.localhost')
}

/**
 * The server's origin as the client sees it; empty if the request does not tell it. Not reliable enough for access decisions.
 */
export function ownOrigin({ headersDistinct }: IncomingMessage): string {
  // Read from `headersDistinct`, because the host in `headers` is changed on the way to this function.
  const [host = ''] = headersDistinct['host'] ?? []
  // Each proxy appends its own value, so the first one is what the client used.
  const [forwarded] = headersDistinct['x-forwarded-proto']?.[0]?.split(',') ?? []
  const scheme = forwarded?.trim().toLowerCase() === 'https' ? 'https' : 'http'
  const address = `${scheme}://${host}`
  return URL.canParse(address) ? new URL(address).origin : ''
}

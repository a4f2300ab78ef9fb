import { createRemoteJWKSet, customFetch, errors, type FetchImplementation, type JWTVerifyGetKey } from 'jose'
import { EnvHttpProxyAgent, fetch } from 'undici'
import { AuthError } from './error.ts'
import type { Log } from './log.ts'

// Well below the two seconds within which a client gets an answer.
const timeoutMs = 1_500
/** The minimum time between two requests for an unknown key, because anybody can invent one. */
const cooldownMs = 5_000
const retryMs = 1_000
/** Older keys are read again in the background, and are used meanwhile. */
const freshMs = 600_000
/** A withdrawn key is accepted no longer than this, even if the key server cannot be reached. */
const maxKeyAgeMs = 3_600_000

/** The proxy for each scheme, empty if there is none, and the hosts, separated by commas, that are contacted without it. */
export interface ProxySettings {
  httpsProxy: string
  httpProxy: string
  noProxy: string
}

export interface RemoteKeysSettings {
  url: string
  /** null to contact the key server directly */
  proxy: ProxySettings | null
}

/** The public keys at a URL. Rejects with UNAVAILABLE if the keys cannot be read and none are cached. */
export function createRemoteKeys({ url, proxy }: RemoteKeysSettings, log: Log): JWTVerifyGetKey {
  // The reads are scheduled here, because jose would send a request for each token to a server that is down, and wait for it.
  const never = Number.POSITIVE_INFINITY
  const options = {
    timeoutDuration: timeoutMs,
    cooldownDuration: never,
    cacheMaxAge: never,
    ...(proxy && { [customFetch]: fetchThrough(proxy) }),
  }
  const keys = createRemoteJWKSet(new URL(url), options)
  let readAt = Number.NEGATIVE_INFINITY
  let failure: { at: number; error: AuthError } | null = null

  async function read(): Promise<void> {
    if (failure !== null && performance.now() - failure.at < retryMs) throw failure.error
    try {
      await keys.reload()
      readAt = performance.now()
      failure = null
    } catch (cause) {
      const error = new AuthError('UNAVAILABLE', 'the keys of AUTH_JWKS_URL cannot be read', 'keys', cause)
      failure = { at: performance.now(), error }
      throw error
    }
  }

  /** Waits for a read only if the cached keys cannot be used. */
  async function ensureRead(): Promise<void> {
    const age = performance.now() - readAt
    if (age > maxKeyAgeMs) return read()
    if (age > freshMs)
      read().catch((error: AuthError) =>
        log.warn({ err: error }, 'the public keys could not be read again; the cached keys stay in use'),
      )
  }

  return async (header, token) => {
    await ensureRead()
    try {
      return await keys(header, token)
    } catch (error) {
      const isUnknown = error instanceof errors.JWKSNoMatchingKey
      if (!isUnknown || (failure === null && performance.now() - readAt < cooldownMs)) throw error
      await read()
      return keys(header, token)
    }
  }
}

function fetchThrough(proxy: ProxySettings): FetchImplementation {
  const dispatcher = new EnvHttpProxyAgent(proxy)
  return async (url, { headers, ...options }) => {
    const response = await fetch(url, { ...options, headers: [...headers], dispatcher })
    return response as unknown as Response
  }
}

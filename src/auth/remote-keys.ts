import { createRemoteJWKSet, customFetch, errors, type FetchImplementation, type JWTVerifyGetKey } from 'jose'
import { EnvHttpProxyAgent, fetch } from 'undici'
import { AuthError } from './error.ts'
import type { Log } from './log.ts'

// Well within the two seconds in which whoever asks is to know.
const timeoutMs = 1_500
/** Between two looks for a key that is not there, since anybody can invent one. */
const cooldownMs = 5_000
const retryMs = 1_000
/** From here on the keys are read again, while the known ones serve. */
const freshMs = 600_000
/** A withdrawn key is trusted no longer than this, even if its server cannot be reached. */
const maxKeyAgeMs = 3_600_000

/** Proxies for each scheme, empty where there is none, and the hosts, separated by commas, that are asked directly. */
export interface ProxySettings {
  httpsProxy: string
  httpProxy: string
  noProxy: string
}

export interface RemoteKeysSettings {
  url: string
  /** null: they are asked for directly. */
  proxy: ProxySettings | null
}

/** The public keys at an address. Where they cannot be read and are not known, asking rejects with UNAVAILABLE. */
export function createRemoteKeys({ url, proxy }: RemoteKeysSettings, log: Log): JWTVerifyGetKey {
  // When to read is decided here: jose would ask a server that is down once more for each token, and wait for it.
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

  /** Waits only where nothing else will do. */
  async function ensureRead(): Promise<void> {
    const age = performance.now() - readAt
    if (age > maxKeyAgeMs) return read()
    if (age > freshMs) read().catch((error: AuthError) => log.warn({ err: error }, 'the known keys go on serving'))
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

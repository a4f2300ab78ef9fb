import { isHashOf, prefixOf } from './api-key.ts'
import { AuthError } from './error.ts'
import { callAt } from './expiry.ts'
import type { Identity } from './identity.ts'
import { createIdentityCache } from './identity-cache.ts'
import { createVerifyJwt, type JwtSettings } from './jwt.ts'
import { createKeyWatch, type KeyWatchOptions } from './key-watch.ts'
import type { Log } from './log.ts'

export type { Identity } from './identity.ts'

export type AuthSettings = { mode: 'dev' } | JwtSettings

export interface SignIn {
  /** Identifies a client by the text of its Authorization header, or null without one. Rejects with AuthError. */
  identify(authorization: string | null): Promise<Identity>
  /** Calls back, once, when the credentials of an identity expire or are revoked. Returns a function that ends the watch. */
  watch(identity: Identity, onEnd: () => void): () => void
  close(): void
}

export interface KeyHolder {
  id: string
  hash: string
  expiresAt: Date | null
  /** True if the last use was recorded some time ago, or never, so that it should be recorded again. */
  isUseDue: boolean
  /** the subject of the key's user */
  subject: string
}

export interface Keys extends Omit<KeyWatchOptions, 'log'> {
  /** Resolves with null if there is no key with this prefix that can be used now. */
  holder(prefix: string): Promise<KeyHolder | null>
  noteUse(keyId: string): Promise<void>
}

export interface SignInOptions {
  auth: AuthSettings
  keys: Keys
  log: Log
}

type Refuse = (reason: string) => AuthError
type Identify = SignIn['identify']

// No token is longer than this. Over WebSocket the text could be as long as a message.
const maxLength = 8_192

export function createSignIn({ auth, keys, log }: SignInOptions): SignIn {
  const refuse = createRefuse(auth.mode)
  const byKey = createIdentifyByKey(keys, refuse, log)
  const byMode = auth.mode === 'dev' ? createIdentifyByName(refuse) : createIdentifyByToken(auth, refuse, log)
  const cache = createIdentityCache(
    (text) => (/^Bearer +ak_/i.test(text) ? byKey(text) : byMode(text)),
    keys.onRevocation,
  )
  const keyWatch = createKeyWatch({ ...keys, log })

  return {
    async identify(authorization) {
      if (authorization === null) return byMode(null)
      if (authorization.length > maxLength) throw refuse('length')
      return /^Bearer /i.test(authorization) ? cache.identify(authorization) : byMode(authorization)
    },
    watch({ expiresAt, apiKeyId }, onEnd) {
      const unwatch = apiKeyId === null ? () => {} : keyWatch.watch(apiKeyId, end)
      const callOff = expiresAt === null ? () => {} : callAt(expiresAt, end)
      function stop() {
        unwatch()
        callOff()
      }
      function end() {
        stop()
        onEnd()
      }
      return stop
    },
    close() {
      cache.close()
      keyWatch.close()
    },
  }
}

/** The message is the same for every cause, so that it does not help somebody who guesses credentials. */
function createRefuse(mode: AuthSettings['mode']): Refuse {
  const example = mode === 'dev' ? 'Dev <name>' : 'Bearer <token>'
  const message = `These credentials are not valid. Sign in with \`Authorization: ${example}\`.`
  return (reason) => new AuthError('UNAUTHENTICATED', message, reason)
}

function createIdentifyByName(refuse: Refuse): Identify {
  const identity = (name: string) => ({ subject: name, name, expiresAt: null, apiKeyId: null })
  return async (authorization) => {
    if (authorization === null) return identity('dev')
    // Only ASCII is accepted: other characters arrive as Latin-1 over HTTP and as Unicode over WebSocket, and would be two
    // different users.
    const name = /^Dev +([\x21-\x7e]{1,64})$/i.exec(authorization)?.[1]
    if (!name) throw refuse('form')
    return { ...identity(name), name: decodedName(name) }
  }
}

/** A header cannot contain every name, so a browser percent-encodes the others. They are decoded for people who read them. */
function decodedName(name: string): string {
  try {
    return storable(decodeURIComponent(name)) ?? name
  } catch {
    return name
  }
}

/** Returns null if the name contains a control character, such as NUL, which Postgres cannot store. */
function storable(name: string): string | null {
  return /\p{Cc}/u.test(name) ? null : name
}

function createIdentifyByToken(settings: JwtSettings, refuse: Refuse, log: Log): Identify {
  const verifyJwt = createVerifyJwt(settings, log)
  return async (authorization) => {
    const token = tokenIn(authorization)
    if (token === null) throw refuse('form')
    try {
      return await verifyJwt(token)
    } catch (error) {
      throw error instanceof AuthError ? error : refuse(reasonOf(error))
    }
  }
}

function createIdentifyByKey({ holder, noteUse }: Keys, refuse: Refuse, log: Log): Identify {
  return async (authorization) => {
    const secret = tokenIn(authorization) ?? ''
    const prefix = prefixOf(secret)
    if (prefix === null) throw refuse('form of a key')
    const key = await holder(prefix)
    if (key === null || !isHashOf(key.hash, secret)) throw refuse('no such key')
    // The use is recorded in the background: the sign-in does not wait for it.
    if (key.isUseDue)
      noteUse(key.id).catch((error: unknown) => log.warn({ err: error }, 'the use of a key could not be recorded'))
    return { subject: key.subject, name: null, expiresAt: key.expiresAt, apiKeyId: key.id }
  }
}

function tokenIn(authorization: string | null): string | null {
  return /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? null
}

/** Messages of jose may quote the token. Its codes, and the names of the claims that it checks, do not. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unexpected'
  return ['code' in error ? error.code : error.name, 'claim' in error ? error.claim : ''].join(' ').trim()
}

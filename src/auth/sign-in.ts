import { AuthError } from './error.ts'
import { callAt } from './expiry.ts'
import type { Identity } from './identity.ts'
import { createVerifyJwt, type JwtSettings } from './jwt.ts'
import type { Log } from './log.ts'

export type { Identity } from './identity.ts'

export type AuthSettings = { mode: 'dev' } | JwtSettings

export interface SignIn {
  /** Takes the text of an Authorization header, null without one; rejects with AuthError. */
  identify(authorization: string | null): Promise<Identity>
  /** Calls back, once, when what somebody signed in with does so no more; returns what ends the watching. */
  watch(identity: Identity, onEnd: () => void): () => void
}

// A header of more than this is nobody's token; over WebSocket it could be as long as a message.
const maxLength = 8_192

export function createSignIn({ auth, log }: { auth: AuthSettings; log: Log }): SignIn {
  const identify = auth.mode === 'dev' ? identifyByName : createIdentifyByToken(auth, log)
  return {
    async identify(authorization) {
      if (authorization !== null && authorization.length > maxLength) throw refusal(auth.mode, 'length')
      return identify(authorization)
    },
    watch: ({ expiresAt }, onEnd) => (expiresAt === null ? () => {} : callAt(expiresAt, onEnd)),
  }
}

// One message for every cause: what is wrong with a credential is nobody's business but its owner's.
function refusal(mode: AuthSettings['mode'], reason: string): AuthError {
  const example = mode === 'dev' ? 'Dev <name>' : 'Bearer <token>'
  const message = `These credentials are not known here. Sign in with \`Authorization: ${example}\`.`
  return new AuthError('UNAUTHENTICATED', message, reason)
}

async function identifyByName(authorization: string | null): Promise<Identity> {
  if (authorization === null) return devIdentity('dev')
  // ASCII alone: a header's other bytes arrive as Latin-1 over HTTP and as Unicode over WebSocket, as two people.
  const name = /^Dev +([\x21-\x7e]{1,64})$/i.exec(authorization)?.[1]
  if (!name) throw refusal('dev', 'form')
  return devIdentity(name)
}

function devIdentity(name: string): Identity {
  return { subject: name, name, expiresAt: null, apiKeyId: null }
}

function createIdentifyByToken(settings: JwtSettings, log: Log) {
  const verifyJwt = createVerifyJwt(settings, log)
  return async (authorization: string | null): Promise<Identity> => {
    const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
    if (!token) throw refusal(settings.mode, 'form')
    try {
      return await verifyJwt(token)
    } catch (error) {
      if (error instanceof AuthError) throw error
      throw refusal(settings.mode, reasonOf(error))
    }
  }
}

/** jose's messages can quote the token; its codes, and the names of the claims that it checks, cannot. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unexpected'
  return ['code' in error ? error.code : error.name, 'claim' in error ? error.claim : ''].join(' ').trim()
}

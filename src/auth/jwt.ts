import { createSecretKey } from 'node:crypto'
import { errors, type JWTPayload, type JWTVerifyGetKey, type JWTVerifyOptions, jwtVerify } from 'jose'
import type { Identity } from './identity.ts'
import type { Log } from './log.ts'
import { createRemoteKeys, type ProxySettings } from './remote-keys.ts'

export type JwtSettings = { issuer: string | null; audience: string | null } & (
  | { mode: 'jwks'; url: string; proxy: ProxySettings | null }
  | { mode: 'secret'; secret: string }
)

/** Rejects with an error of jose, or with AuthError UNAVAILABLE if the keys cannot be read. */
export type VerifyJwt = (token: string) => Promise<Identity>

/** The accepted difference between the clocks of the issuer and of this machine. */
const leewaySeconds = 5
// Each kind of key has its own algorithms: if a public key were accepted as the secret of an HMAC, everybody could sign tokens.
const algorithms = {
  jwks: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
  secret: ['HS256'],
}
// An entry of a Postgres index can have at most 2,704 bytes.
const maxSubjectBytes = 2_000
const maxNameLength = 200
// https://tc39.es/ecma262/#sec-time-values-and-time-range, in seconds
const lastMoment = 8.64e12

export function createVerifyJwt(settings: JwtSettings, log: Log): VerifyJwt {
  const keys = settings.mode === 'jwks' ? createRemoteKeys(settings, log) : ownSecret(settings.secret)
  const options: JWTVerifyOptions = {
    algorithms: algorithms[settings.mode],
    requiredClaims: ['exp', 'sub'],
    clockTolerance: leewaySeconds,
    issuer: settings.issuer ?? undefined,
    audience: settings.audience ?? undefined,
  }
  return async (token) => identityOf(await verify(token, keys, options))
}

function ownSecret(secret: string): JWTVerifyGetKey {
  const key = createSecretKey(secret, 'utf8')
  return async () => key
}

async function verify(token: string, keys: JWTVerifyGetKey, options: JWTVerifyOptions): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, keys, options)).payload
  } catch (error) {
    if (error instanceof errors.JWKSMultipleMatchingKeys) return verifyByAny(token, error, options)
    throw error
  }
}

/** Tries all keys, for a token that does not name the key that signed it. */
async function verifyByAny(token: string, keys: errors.JWKSMultipleMatchingKeys, options: JWTVerifyOptions) {
  for await (const key of keys) {
    try {
      return (await jwtVerify(token, key, options)).payload
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error
    }
  }
  throw new errors.JWSSignatureVerificationFailed()
}

function identityOf({ iss, sub, exp, ...claims }: JWTPayload): Identity {
  const isUsable = typeof sub === 'string' && sub !== '' && (iss === undefined || typeof iss === 'string')
  const subject = subjectOf(iss ?? null, sub ?? '')
  if (!isUsable || Buffer.byteLength(subject) > maxSubjectBytes) throw new errors.JWTInvalid('no usable sub or iss')
  const name = [claims['name'], claims['preferred_username'], claims['email']].find(isName)
  return { subject, name: name?.trim().slice(0, maxNameLength) ?? null, expiresAt: endOf(exp), apiKeyId: null }
}

/**
 * The subject of a user includes the issuer, because two issuers may each have a user named alice. It contains a space, which a
 * name of the Dev sign-in cannot have, so that nobody who opens this database in development becomes one of its users. It is
 * JSON, which is unambiguous and contains nothing that Postgres cannot store.
 */
function subjectOf(issuer: string | null, sub: string): string {
  return `jwt ${JSON.stringify([issuer, sub])}`
}

function isName(claim: unknown): claim is string {
  return typeof claim === 'string' && claim.trim() !== ''
}

/** A token that has expired but is still within the accepted clock difference ends with that difference. */
function endOf(exp = 0): Date {
  if (exp > lastMoment) throw new errors.JWTInvalid('exp is no time')
  const isOver = exp * 1_000 <= Date.now()
  return new Date((exp + (isOver ? leewaySeconds : 0)) * 1_000)
}

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { onTestFinished } from 'vitest'

/** What the servers of the tests expect in a token. */
export const issuer = 'https://id.example'
export const audience = 'chat'

export type SigningKey = Awaited<ReturnType<typeof createKey>>

export async function createKey(alg: string, kid: string, more: object = {}) {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  return { alg, kid, privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, ...more } }
}

export function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1_000) + seconds
}

/** Returns all claims that are expected. A claim that is given as undefined is left out. */
export function claimsOf(sub: string, claims: object = {}): JWTPayload {
  return { iss: issuer, aud: audience, exp: inSeconds(60), sub, ...claims }
}

export function signToken(key: SigningKey, claims: JWTPayload, header: object = {}): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: key.alg, kid: key.kid, ...header }).sign(key.privateKey)
}

export function part(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
}

/** Starts a JWKS server whose responses the test controls. */
export async function startKeyServer(...keys: SigningKey[]) {
  let published = keys
  let mood: 'well' | 'failing' | 'silent' | 'talking nonsense' = 'well'
  let reads = 0
  const server = createServer((_request, response) => {
    reads += 1
    if (mood === 'silent') return
    response.writeHead(mood === 'failing' ? 500 : 200, { 'content-type': 'application/json' })
    response.end(mood === 'well' ? JSON.stringify({ keys: published.map(({ jwk }) => jwk) }) : '{"keys":"none"}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`,
    reads: () => reads,
    publish(...next: SigningKey[]) {
      published = next
    },
    turn(next: typeof mood) {
      mood = next
    },
  }
}

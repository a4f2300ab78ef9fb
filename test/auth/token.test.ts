import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { generateSecret, SignJWT } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import { canary, forgeries, nobodys } from '../harness/bad-tokens.ts'
import { openDoor } from '../harness/door.ts'
import {
  audience,
  claimsOf,
  createKey,
  inSeconds,
  issuer,
  type SigningKey,
  signToken,
  startKeyServer,
} from '../harness/issuer.ts'
import { byKeys, connect, doors, viewerOf } from '../harness/token-doors.ts'

const secret = 'a secret of the tests, of more than 32 bytes'

const words = 'These credentials are not valid. Sign in with `Authorization: Bearer <token>`.'
const body = JSON.stringify({ errors: [{ message: words, extensions: { code: 'UNAUTHENTICATED' } }] })
const refusals: Record<string, unknown[]> = {
  POST: [401, 'Bearer', body],
  GET: [401, 'Bearer', body],
  SSE: [401, 'Bearer', `:\n\nevent: next\ndata: ${body}\n\nevent: complete\ndata:\n\n`],
  WebSocket: [4401, words],
  'WebSocket, by its upgrade': [4401, words],
}

describe('a credential that is no good is refused at every door in the same words', () => {
  let bad: [string, string | null][] = []
  let keys: SigningKey[] = []

  beforeAll(async () => {
    keys = await Promise.all([createKey('RS256', 'r1'), createKey('ES256', 'e1')])
    const [rsa, ec] = keys as [SigningKey, SigningKey]
    bad = [...nobodys, ...(await forgeries(rsa, ec))]
  })

  test.each(Object.entries(doors))('by %s', async (door, ask) => {
    const server = await startKeyServer(...keys)
    const { url, log, resolved } = await byKeys(server.url, 'trace')
    const outcomes = []
    for (const [what, authorization] of bad) outcomes.push([what, ...(await ask(url, authorization))])
    expect(outcomes).toEqual(bad.map(([what]) => [what, ...(refusals[door] ?? [])]))
    expect(bad.length).toBeGreaterThan(70)
    expect(resolved).toEqual([])
    expect(log.join()).not.toContain(canary)
    expect(log.join()).not.toContain(Buffer.from(canary).toString('base64url').slice(0, 12))
  })

  test('with a secret, too, which public keys do not open', async () => {
    const { url, resolved } = await openDoor({ auth: { mode: 'secret', secret, issuer, audience } })
    const good = new SignJWT(claimsOf('alice')).setProtectedHeader({ alg: 'HS512' })
    const long = await good.sign(new TextEncoder().encode(secret.repeat(2)))
    const other = await new SignJWT(claimsOf('alice'))
      .setProtectedHeader({ alg: 'HS256' })
      .sign(await generateSecret('HS256'))
    for (const authorization of [...bad.map(([, text]) => text), `Bearer ${long}`, `Bearer ${other}`]) {
      expect([authorization, ...(await doors.POST(url, authorization))]).toEqual([authorization, 401, 'Bearer', body])
    }
    expect(resolved).toEqual([])
  })

  test('where a request brings two, even if one of them is good', async () => {
    const [rsa] = keys as [SigningKey]
    const { url } = await byKeys((await startKeyServer(rsa)).url)
    const good = `Bearer ${await signToken(rsa, claimsOf('alice'))}`
    for (const [one, other] of [
      [good, 'Bearer x'],
      ['Bearer x', good],
      [good, good],
    ]) {
      const headers = ['host', 'localhost', 'authorization', `${one}`, 'authorization', `${other}`]
      const asked = request(`${url}/graphql?query={viewer{name}}`, { headers }).end()
      const [answer] = (await once(asked, 'response')) as [IncomingMessage]
      expect([answer.statusCode, await text(answer)]).toEqual([401, body])
    }
  })

  test.each([[7], [['Bearer x']], [{}], [true]])('where %j stands for it over WebSocket', async (authorization) => {
    const [rsa] = keys as [SigningKey]
    const { url } = await byKeys((await startKeyServer(rsa)).url)
    expect(await connect(url, { authorization })).toEqual([4401, words])
  })

  test('says in the log, and only there, what was wrong', async () => {
    const [rsa] = keys as [SigningKey]
    const { url, log } = await byKeys((await startKeyServer(rsa)).url, 'debug')
    await doors.POST(url, `Bearer ${await signToken(rsa, claimsOf('alice', { aud: 'mail' }))}`)
    expect(log.join()).toContain('ERR_JWT_CLAIM_VALIDATION_FAILED aud')
  })
})

describe('a good token signs in', () => {
  test.each(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'])(
    'signed by %s',
    async (alg) => {
      const key = await createKey(alg, 'k1')
      const door = await byKeys((await startKeyServer(await createKey('RS256', 'other'), key)).url)
      expect(await viewerOf(door, await signToken(key, claimsOf('a1', { name: 'alice' })))).toEqual([200, 'alice'])
    },
  )

  test('signed by HS256 with the secret', async () => {
    const door = await openDoor({ auth: { mode: 'secret', secret, issuer: null, audience: null } })
    const token = new SignJWT({ sub: 'a1', name: 'alice', exp: inSeconds(60) }).setProtectedHeader({ alg: 'HS256' })
    expect(await viewerOf(door, await token.sign(new TextEncoder().encode(secret)))).toEqual([200, 'alice'])
  })

  test.each(Object.entries(doors).filter(([name]) => name !== 'SSE'))('by %s', async (_name, ask) => {
    const key = await createKey('ES256', 'k1')
    const { url } = await byKeys((await startKeyServer(key)).url)
    const outcome = await ask(url, `bearer  ${await signToken(key, claimsOf('a1', { name: 'alice' }))}`)
    expect(outcome.join()).toContain('alice')
  })

  test.each<[string, () => object]>([
    ['for several audiences', () => ({ aud: ['mail', audience] })],
    ['that has ended within the leeway', () => ({ exp: inSeconds(-2) })],
    ['that begins within the leeway', () => ({ nbf: inSeconds(3) })],
    ['for a long time', () => ({ exp: 8.64e12 })],
  ])('%s', async (_what, claims) => {
    const key = await createKey('ES256', 'k1')
    const door = await byKeys((await startKeyServer(key)).url)
    expect(await viewerOf(door, await signToken(key, claimsOf('a1', { name: 'alice', ...claims() })))).toEqual([
      200,
      'alice',
    ])
  })

  test.each<[string, object, string | null]>([
    ['name', { name: ' Alice ', preferred_username: 'al', email: 'a@b.example' }, 'Alice'],
    ['preferred_username', { name: ' ', preferred_username: 'al', email: 'a@b.example' }, 'al'],
    ['email', { name: 7, email: 'a@b.example' }, 'a@b.example'],
    ['nothing', {}, null],
  ])('under its %s', async (_claim, claims, name) => {
    const key = await createKey('ES256', 'k1')
    const { url } = await byKeys((await startKeyServer(key)).url)
    const [, , told] = await doors.POST(url, `Bearer ${await signToken(key, claimsOf('a1', claims))}`)
    expect(told).toBe(JSON.stringify({ data: { viewer: { name } } }))
  })

  test('that does not say which of the keys has signed it', async () => {
    const keys = await Promise.all(['k1', 'k2', 'k3'].map((kid) => createKey('ES256', kid)))
    const door = await byKeys((await startKeyServer(...keys)).url)
    for (const key of keys) {
      const token = await signToken(key, claimsOf('a1', { name: 'alice' }), { kid: undefined })
      expect(await viewerOf(door, token)).toEqual([200, 'alice'])
    }
  })
})

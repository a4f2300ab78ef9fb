import { SignJWT } from 'jose'
import { expect, test } from 'vitest'
import { make } from '../../harness/api-keys.ts'
import { execute } from '../../harness/client.ts'
import {
  claimsOf,
  createKey,
  inSeconds,
  issuer,
  type SigningKey,
  signToken,
  startKeyServer,
} from '../../harness/issuer.ts'
import { contentsIn, createPerson, endOf, readTo, says } from '../../harness/person.ts'
import { freshDatabase, spawnServer, startServer } from '../../harness/server.ts'
import { chunks, done, finish, gate, startScriptedUpstream } from '../../harness/upstream.ts'

const aboutViewer = '{ viewer { id name } }'

interface AboutViewer {
  viewer: { id: string; name: string | null }
}

async function begin(settings: Record<string, string> = {}) {
  const upstream = await startScriptedUpstream()
  const key = await createKey('ES256', 'k1')
  const keys = await startKeyServer(key)
  const server = await startServer({ OPENAI_BASE_URL: upstream.baseUrl, AUTH_JWKS_URL: keys.url, ...settings })
  return { upstream, key, keys, ...server }
}

async function personBy(url: string, key: SigningKey, sub: string, claims: object = {}) {
  const authorization = `Bearer ${await signToken(key, claimsOf(sub, claims))}`
  const person = createPerson(url, { authorization })
  const who = async () => (await person.request<AboutViewer>(aboutViewer)).viewer
  return { ...person, who }
}

test('a subject is the same user with every token, under the last name that was told', async () => {
  const { url, key } = await begin()
  const first = await (await personBy(url, key, 'a1', { name: 'Alice' })).who()
  expect(first.name).toBe('Alice')
  expect(await (await personBy(url, key, 'a1', { name: 'Alice B.', exp: inSeconds(90) })).who()).toEqual({
    id: first.id,
    name: 'Alice B.',
  })
  expect(await (await personBy(url, key, 'a1')).who()).toEqual({ id: first.id, name: 'Alice B.' })
  expect((await (await personBy(url, key, 'a2', { name: 'Alice B.' })).who()).id).not.toBe(first.id)
})

test('a name that the database cannot keep is kept as it can', async () => {
  const { url, key } = await begin()
  const name = `\ud800 A\0lice ${'x'.repeat(300)}`
  const person = await personBy(url, key, 'a\0\ud800', { name })
  expect(await person.who()).toMatchObject({ name: `\ufffd A\ufffdlice ${'x'.repeat(191)}` })
  expect(await person.who()).toEqual(await person.who())
})

test('no two issuers share a user, and none shares one with Dev', async () => {
  const database = await freshDatabase()
  const { url, key, close } = await begin(database)
  const [own, other, nobodys] = await Promise.all(
    [issuer, 'https://other.example', undefined].map(async (iss) => (await personBy(url, key, 'alice', { iss })).who()),
  )
  await close()
  const server = await startServer(database)
  const names = ['alice', `["${issuer}","alice"]`, `jwt["${issuer}","alice"]`]
  const users = names.map((as) => createPerson(server.url, { as }).request<AboutViewer>(aboutViewer))
  const ids = [own, other, nobodys, ...(await Promise.all(users)).map(({ viewer }) => viewer)].map((user) => user?.id)
  expect(new Set(ids).size).toBe(6)
})

test.each(['websocket', 'sse'] as const)(
  'a viewer whose token expires mid-stream comes back with a new one, over %s, and gets exactly the rest',
  async (over) => {
    const { upstream, url, key } = await begin()
    const hold = gate()
    upstream.reply(...chunks('A mo'), hold.wait, ...chunks('le', ' digs.'), finish('stop'), done())
    // The keys are read and the user is made before the token's time runs.
    await (await personBy(url, key, 'a1')).who()
    const short = await personBy(url, key, 'a1', { exp: inSeconds(5) })
    const viewer = short.start('a key', 'What digs?', { over })
    const seen = await readTo('A mo', viewer)
    await expect(viewer.rest()).rejects.toThrow(over === 'sse' ? /terminated/ : /4403/)

    hold.open()
    const later = await personBy(url, key, 'a1')
    const rest = later.watch(seen[0]?.completionId ?? '', { over, after: seen.at(-1)?.cursor ?? '' })
    seen.push(...(await rest.rest()))
    expect(contentsIn(seen)).toEqual(['A mole digs.'])
    expect(seen.map(({ __typename }) => __typename)).toEqual([
      'CompletionSnapshot',
      ...seen.slice(1, -1).map(() => 'CompletionDelta'),
      'CompletionEnded',
    ])
    expect(endOf(seen)).toMatchObject({ status: 'COMPLETED', choices: [{ message: { content: 'A mole digs.' } }] })
    expect(upstream.requests).toHaveLength(1)
  },
)

test('the server says at its start who signs in, and nothing that it writes holds a credential', async () => {
  const secret = 'canary-secret-of-at-least-thirty-two-bytes'
  const server = await spawnServer({ AUTH_JWT_SECRET: secret, AUTH_AUDIENCE: 'chat', LOG_LEVEL: 'trace' })
  const sign = (key: string) =>
    new SignJWT(claimsOf('a1')).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(key))
  const [good, forged] = await Promise.all([sign(secret), sign(secret.toUpperCase())])
  const by = (token: string) => ({ authorization: `Bearer ${token}` })
  const person = createPerson(server.url, by(good))
  const made = await make(person)
  await createPerson(server.url, by(made.secret)).ask({ model: 'demo-fast', messages: [says('What digs?')] })
  // Wrong in a character of which each bit counts, unlike the last.
  const wrong = `${made.secret.slice(0, -5)}${made.secret.at(-5) === 'A' ? 'B' : 'A'}${made.secret.slice(-4)}`
  for (const token of [forged, wrong, `ak_${forged}`]) {
    expect(await execute(server.url, '{ viewer { id } }', {}, by(token))).toMatchObject({ status: 401 })
    await expect(createPerson(server.url, by(token)).watch('x').rest()).rejects.toThrow(/4401/)
  }
  await server.kill('SIGTERM')
  expect(server.output()).toMatch(
    /Sign-in +JWT of any issuer for the audience chat, signed by HS256 \(AUTH_JWT_SECRET\)/,
  )
  expect(server.output()).toContain('credentials were refused')
  const [prefix = '', rest = ''] = [made.apiKey.prefix, made.secret.slice(made.apiKey.prefix.length + 1, -2)]
  for (const part of [secret, prefix, rest, ...good.split('.').slice(1), ...forged.split('.').slice(1)]) {
    expect(server.output()).not.toContain(part)
  }
})

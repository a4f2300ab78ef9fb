import { describe, expect, onTestFinished, test } from 'vitest'
import { startHttpProxy } from '../harness/http-proxy.ts'
import { audience, claimsOf, createKey, issuer, signToken, startKeyServer } from '../harness/issuer.ts'
import { createPerson } from '../harness/person.ts'
import { startServer } from '../harness/server.ts'
import { startScriptedUpstream } from '../harness/upstream.ts'

const host = 'models.test'

async function scriptedUpstream() {
  const upstream = await startScriptedUpstream()
  onTestFinished(() => upstream.close())
  return upstream
}

async function proxyTo(serverUrl: string) {
  const proxy = await startHttpProxy(host, serverUrl)
  onTestFinished(() => proxy.close())
  return proxy
}

describe('behind a proxy', () => {
  test('an upstream that only the proxy can reach answers', async () => {
    const upstream = await scriptedUpstream()
    const proxy = await proxyTo(upstream.baseUrl)
    const { url } = await startServer({ OPENAI_BASE_URL: `http://${host}/v1`, HTTP_PROXY: proxy.url })
    const { completion } = await createPerson(url, 'alice').ask('Hello?')
    expect(completion.status).toBe('COMPLETED')
    expect(upstream.requests.some(({ path }) => path === '/v1/chat/completions')).toBe(true)
    expect(new Set(proxy.asked.map((name) => name.replace(':80', '')))).toEqual(new Set([host]))
  })

  test('an upstream on this machine is asked without it', async () => {
    const upstream = await scriptedUpstream()
    const proxy = await proxyTo(upstream.baseUrl)
    const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl, HTTP_PROXY: proxy.url })
    expect((await createPerson(url, 'alice').ask('Hello?')).completion.status).toBe('COMPLETED')
    expect(proxy.asked).toEqual([])
  })

  test('a host of NO_PROXY is asked without it', async () => {
    const proxy = await proxyTo((await scriptedUpstream()).baseUrl)
    const settings = { OPENAI_BASE_URL: `http://${host}/v1`, HTTP_PROXY: proxy.url, NO_PROXY: `other.test,${host}` }
    const { url } = await startServer({ ...settings, DEFAULT_MODEL: 'test-model' })
    const refused = await createPerson(url, 'alice').ask.refuse('Hello?')
    expect(refused).toMatchObject({ __typename: 'UpstreamError', code: 'UPSTREAM_UNAVAILABLE' })
    expect(proxy.asked).toEqual([])
  })

  test('the keys of AUTH_JWKS_URL are read through it', async () => {
    const key = await createKey('ES256', 'k1')
    const keyServer = await startKeyServer(key)
    const proxy = await proxyTo(keyServer.url)
    const auth = { AUTH_JWKS_URL: `http://${host}/keys`, AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience }
    const { url } = await startServer({ ...auth, HTTP_PROXY: proxy.url })
    const authorization = `Bearer ${await signToken(key, claimsOf('a1', { name: 'alice' }))}`
    const response = await fetch(`${url}/graphql?query={viewer{name}}`, { headers: { authorization } })
    expect(await response.json()).toEqual({ data: { viewer: { name: 'alice' } } })
  })
})

import { describe, expect, test } from 'vitest'
import { readSettings } from '../../src/config.ts'
import { refusal } from '../harness/refusal.ts'

const url = 'https://id.example/keys/'
const secret = 'a secret of at least thirty-two bytes'

describe('the sign-in', () => {
  test('is Dev without keys', () => {
    expect(readSettings({}).auth).toEqual({ mode: 'dev' })
  })

  test('is by the keys at an address, which stays as it is written', () => {
    const auth = { mode: 'jwks', url, proxy: null, issuer: null, audience: null }
    expect(readSettings({ AUTH_JWKS_URL: url })).toMatchObject({ auth, host: '0.0.0.0' })
  })

  test('is by a secret', () => {
    const auth = { mode: 'secret', secret, issuer: 'https://id.example/', audience: 'chat' }
    const env = { AUTH_JWT_SECRET: secret, AUTH_ISSUER: 'https://id.example/', AUTH_AUDIENCE: 'chat' }
    expect(readSettings(env)).toMatchObject({ auth, host: '0.0.0.0' })
  })

  test('needs no leave for production or for other addresses where it checks who comes', () => {
    const env = { AUTH_JWKS_URL: url, NODE_ENV: 'production' }
    expect(readSettings({ ...env, HOST: '::' })).toMatchObject({ production: true, host: '::' })
    expect(readSettings({ ...env, HOST: '127.0.0.1' })).toMatchObject({ host: '127.0.0.1' })
  })
})

describe('is refused', () => {
  test.each([
    ['AUTH_JWKS_URL', 'id.example/keys'],
    ['AUTH_JWKS_URL', 'file:///keys'],
    ['AUTH_JWT_SECRET', 'too short for HS256, by one byte'.slice(1)],
  ])('a malformed %s', (name, value) => {
    const line = refusal({ [name]: value })
    expect(line).toMatch(new RegExp(`^${name}: takes .+`))
    expect(line).not.toContain(value)
  })

  test.each([
    [{ AUTH_JWKS_URL: url, AUTH_JWT_SECRET: secret }, /^AUTH_JWT_SECRET: contradicts AUTH_JWKS_URL/],
    [{ AUTH_JWKS_URL: url, AUTH_DEV: 'allow' }, /^AUTH_DEV: contradicts AUTH_JWKS_URL/],
    [{ AUTH_JWT_SECRET: secret, AUTH_DEV: 'allow' }, /^AUTH_DEV: contradicts AUTH_JWT_SECRET/],
    [{ AUTH_ISSUER: 'https://id.example' }, /^AUTH_ISSUER: takes effect only with AUTH_JWKS_URL/],
    [{ AUTH_AUDIENCE: 'chat' }, /^AUTH_AUDIENCE: takes effect only with AUTH_JWKS_URL/],
    [{ NODE_ENV: 'production' }, /^NODE_ENV: Dev sign-in checks nobody/],
    [{ HOST: '0.0.0.0' }, /^HOST: Dev sign-in checks nobody/],
  ])('%j, which contradicts itself', (env, line) => {
    expect(refusal(env as Record<string, string>)).toMatch(line)
    expect(refusal(env as Record<string, string>)).not.toContain(secret)
  })
})

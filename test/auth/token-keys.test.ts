import { afterEach, describe, expect, test, vi } from 'vitest'
import { claimsOf, createKey, type SigningKey, signToken, startKeyServer } from '../harness/issuer.ts'
import { byKeys, connect, viewerOf } from '../harness/token-doors.ts'
import { within } from '../harness/within.ts'

describe('the keys at an address', () => {
  afterEach(() => void vi.useRealTimers())

  async function begin() {
    const [first, second] = (await Promise.all(['k1', 'k2'].map((kid) => createKey('ES256', kid)))) as [
      SigningKey,
      SigningKey,
    ]
    const server = await startKeyServer(first)
    const door = await byKeys(server.url)
    const token = (key: SigningKey) => signToken(key, claimsOf('a1', { name: 'alice' }))
    return { first, second, server, door, token }
  }

  test('are read once, when the first token comes', async () => {
    const { first, server, door, token } = await begin()
    expect(server.reads()).toBe(0)
    const good = await token(first)
    await Promise.all(Array.from({ length: 20 }, () => viewerOf(door, good)))
    expect(server.reads()).toBe(1)
  })

  test('may change: a new one is found within seconds', async () => {
    const { first, second, server, door, token } = await begin()
    expect(await viewerOf(door, await token(first))).toEqual([200, 'alice'])
    server.publish(second)
    const next = await token(second)
    await vi.waitFor(async () => expect(await viewerOf(door, next)).toEqual([200, 'alice']), { timeout: 10_000 })
    expect(await viewerOf(door, await token(first))).toEqual([401, 'UNAUTHENTICATED'])
  })

  test('are not asked for once more by everybody who invents one', async () => {
    const { first, second, server, door, token } = await begin()
    await viewerOf(door, await token(first))
    const invented = await Promise.all(Array.from({ length: 50 }, (_, index) => token({ ...second, kid: `x${index}` })))
    const outcomes = await Promise.all(invented.map((given) => viewerOf(door, given)))
    expect(new Set(outcomes.map(String))).toEqual(new Set(['401,UNAUTHENTICATED']))
    expect(server.reads()).toBeLessThanOrEqual(2)
  })

  test.each(['failing', 'silent', 'talking nonsense'] as const)(
    'that are nowhere yet, with their server %s, are a 503 within two seconds, and are found when it is well',
    async (mood) => {
      const { first, server, door, token } = await begin()
      server.turn(mood)
      expect(await within(2_000, viewerOf(door, await token(first)))).toEqual([503, 'UNAVAILABLE'])
      // Not 4401, after which clients give up.
      expect(await connect(door.url, { authorization: `Bearer ${await token(first)}` })).toEqual([
        1013,
        'This cannot be done right now. Try again in a moment.',
      ])
      server.turn('well')
      const good = await token(first)
      await vi.waitFor(async () => expect(await viewerOf(door, good)).toEqual([200, 'alice']), { timeout: 10_000 })
    },
  )

  test('serve on while their server is down, but not for ever', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const { first, server, door, token } = await begin()
    expect(await viewerOf(door, await token(first))).toEqual([200, 'alice'])
    server.turn('failing')
    vi.advanceTimersByTime(3_500_000)
    expect(await viewerOf(door, await token(first))).toEqual([200, 'alice'])
    await vi.waitFor(() => expect(door.log.join()).toContain('the cached keys stay in use'), { timeout: 10_000 })
    vi.advanceTimersByTime(200_000)
    expect(await viewerOf(door, await token(first))).toEqual([503, 'UNAVAILABLE'])
  })

  test('are read again after some minutes, so that a withdrawn one goes', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const { first, second, server, door, token } = await begin()
    expect(await viewerOf(door, await token(first))).toEqual([200, 'alice'])
    server.publish(second)
    vi.advanceTimersByTime(600_001)
    const refused = async () => expect(await viewerOf(door, await token(first))).toEqual([401, 'UNAUTHENTICATED'])
    await vi.waitFor(refused, { timeout: 10_000 })
  })
})

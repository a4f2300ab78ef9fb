import { describe, expect, test } from 'vitest'
import { by, make, revoke, viewerBy } from '../../harness/api-keys.ts'
import { createPerson, type Person } from '../../harness/person.ts'
import { startServer } from '../../harness/server.ts'

const { url } = await startServer()

/** Somebody new, so that tests do not count each other's keys. */
function somebody(): Person {
  return createPerson(url, crypto.randomUUID())
}

describe('a key that a key makes', () => {
  const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString()

  test('ends with it, or before', async () => {
    const expiresAt = inAnHour()
    const robot = createPerson(url, by((await make(somebody(), { expiresAt })).secret))
    expect((await make(robot)).apiKey.expiresAt).toBe(expiresAt)
    const sooner = new Date(Date.parse(expiresAt) - 1_000).toISOString()
    expect((await make(robot, { expiresAt: sooner })).apiKey.expiresAt).toBe(sooner)
    const later = new Date(Date.parse(expiresAt) + 1).toISOString()
    await expect(make(robot, { expiresAt: later })).rejects.toThrow(`must not be later than ${expiresAt}`)
  })

  test('of one that does not expire may do so or not', async () => {
    const robot = createPerson(url, by((await make(somebody())).secret))
    expect((await make(robot)).apiKey.expiresAt).toBeNull()
    const expiresAt = inAnHour()
    expect((await make(robot, { expiresAt })).apiKey.expiresAt).toBe(expiresAt)
  })

  test('is revoked with it, and so are those that it made; others are not', async () => {
    const alice = somebody()
    const [root, other] = [await make(alice), await make(alice)]
    const child = await make(createPerson(url, by(root.secret)))
    const grandchild = await make(createPerson(url, by(child.secret)))
    expect(await viewerBy(url, by(grandchild.secret))).toContain(200)
    await revoke(alice, root.apiKey.id)
    for (const { secret } of [root, child, grandchild]) {
      expect(await viewerBy(url, by(secret))).toEqual([401, 'UNAUTHENTICATED'])
    }
    expect(await viewerBy(url, by(other.secret))).toContain(200)
  })
})

import { expect, test, vi } from 'vitest'
import { mintApiKey } from '../../src/auth/api-key.ts'
import type { KeyHolder } from '../../src/auth/sign-in.ts'
import { openDoor } from '../harness/door.ts'

/** A door with one key, whose look-ups wait for `let`. */
async function begin() {
  const { secret, prefix, hash } = mintApiKey()
  const looks: ((holder: KeyHolder | null) => void)[] = []
  const listeners: ((keyIds: readonly string[]) => void)[] = []
  const { url } = await openDoor({
    keys: {
      holder: (asked) => new Promise((resolve) => (asked === prefix ? looks.push(resolve) : resolve(null))),
      onRevocation(listener) {
        listeners.push(listener)
        return () => {}
      },
    },
  })
  const holder: KeyHolder = { id: 'a key', hash, expiresAt: null, isUseDue: false, subject: 'alice' }
  async function ask() {
    const headers = { authorization: `Bearer ${secret}` }
    return (await fetch(`${url}/graphql?query={viewer{name}}`, { headers })).status
  }
  async function look(count: number) {
    await expect.poll(() => looks.length).toBe(count)
    return (found: KeyHolder | null) => looks[count - 1]?.(found)
  }
  function tell(keyId: string) {
    for (const listen of listeners) listen([keyId])
  }
  return { ask, look, holder, tell, looks }
}

test('a key is looked up once for what comes within seconds', async () => {
  const { ask, look, holder, looks } = await begin()
  const first = ask()
  const found = await look(1)
  found(holder)
  expect(await first).toBe(200)
  expect(await Promise.all(Array.from({ length: 50 }, ask))).toEqual(Array.from({ length: 50 }, () => 200))
  expect(looks).toHaveLength(1)
})

test('a key is looked up again when a word of its revocation comes, and after some seconds', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  const { ask, look, holder, tell, looks } = await begin()
  const answers = [ask()]
  ;(await look(1))(holder)
  await answers[0]
  tell('another key')
  expect(await ask()).toBe(200)
  expect(looks).toHaveLength(1)
  vi.setSystemTime(Date.now() + 3_000)
  answers.push(ask())
  ;(await look(2))(holder)
  await answers[1]
  tell('a key')
  answers.push(ask())
  ;(await look(3))(null)
  expect(await Promise.all(answers)).toEqual([200, 200, 401])
  vi.useRealTimers()
})

test('what was looked up before a revocation, and comes after the word of it, is not remembered', async () => {
  const { ask, look, holder, tell } = await begin()
  const before = ask()
  const found = await look(1)
  tell('a key')
  found(holder)
  expect(await before).toBe(200)
  const after = ask()
  ;(await look(2))(null)
  expect(await after).toBe(401)
})

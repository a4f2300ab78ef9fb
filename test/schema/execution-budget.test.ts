import { expect, test } from 'vitest'
import { execute, subscribe } from '../harness/client.ts'
import { openDoor } from '../harness/door.ts'

const budget = 1_000

test('an execution that makes more than its cost foresaw stops, and is one error', async () => {
  const { url, resolved } = await openDoor({ operationCost: budget })
  // 8,420 people, where the cost knows of no more than 4.
  const { status, data, errors } = await execute(url, '{ viewer { crowd { crowd { crowd { name } } } } }')
  expect(errors).toMatchObject([{ extensions: { code: 'COST_EXCEEDED', budget } }])
  expect(errors?.[0]?.message).toContain('1000')
  expect({ status, data }).toEqual({ status: 200, data: null })
  const crowds = resolved.filter((field) => field === 'crowd').length
  expect(crowds).toBeGreaterThanOrEqual(budget / 20)
  expect(crowds).toBeLessThanOrEqual(budget / 20 + 1)
})

test.each(['websocket', 'sse'] as const)('each event of a subscription has the budget anew: over %s', async (over) => {
  const { url } = await openDoor({ operationCost: budget })
  const events = subscribe<{ crowds: object[] }>(url, 'subscription { crowds { __typename } }', {}, { over })
  expect((await events.next()).value?.crowds).toHaveLength(400)
  expect((await events.next()).value?.crowds).toHaveLength(800)
  for (const _ of ['the third', 'the fourth']) {
    await expect(events.next()).rejects.toMatchObject({ errors: [{ extensions: { code: 'COST_EXCEEDED', budget } }] })
  }
  expect(await events.next()).toMatchObject({ done: true })
})

test('a result has up to 32 MB of text, however often the same is asked for', async () => {
  const { url, resolved } = await openDoor({ operationCost: budget })
  const document = (times: number) =>
    `{ ${Array.from({ length: times }, (_, index) => `a${index}: long(of: 1000000)`).join(' ')} }`
  expect((await execute(url, document(30))).errors).toBeUndefined()
  resolved.length = 0
  const { errors } = await execute(url, document(100))
  expect(errors).toMatchObject([{ message: expect.stringContaining('32 MB'), extensions: { code: 'COST_EXCEEDED' } }])
  expect(resolved).toHaveLength(34)
})

import { validate, version } from 'uuid'
import { expect, test } from 'vitest'
import { newId } from '../src/chat/id.ts'

test('each of many ids made at once is a UUIDv7 greater than the one before, and tells the time', () => {
  const before = Date.now()
  const ids = Array.from({ length: 20_000 }, newId)
  expect(ids.every((id) => validate(id) && version(id) === 7)).toBe(true)
  expect([...new Set(ids)].sort()).toEqual(ids)
  const madeMs = Number.parseInt(ids[0]?.replace('-', '').slice(0, 12) ?? '', 16)
  expect(madeMs).toBeGreaterThanOrEqual(before)
  expect(madeMs).toBeLessThanOrEqual(Date.now())
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createGrowingText } from '../../src/stream/growing-text.ts'

const pieces = fc.array(fc.string({ unit: 'binary', maxLength: 5_000, size: 'max' }), { maxLength: 20, size: 'max' })
const places = fc.array(fc.tuple(fc.nat(60_000), fc.nat(60_000)), { minLength: 1, maxLength: 20 })

test('a growing text has, anywhere and at any time, what a string would have', () => {
  const same = fc.property(pieces, places, (added, asked) => {
    const text = createGrowingText()
    let expected = ''
    for (const piece of added) {
      text.add(piece)
      expected += piece
      for (const [from, to] of asked) expect(text.slice(from, to)).toBe(expected.slice(from, to))
      expect(text.length).toBe(expected.length)
    }
    expect(text.toString()).toBe(expected)
  })
  fc.assert(same)
})

import { afterAll, describe, expect, test } from 'vitest'
import { execute } from '../../harness/client.ts'
import { startServer } from '../../harness/server.ts'
import { startScriptedUpstream } from '../../harness/upstream.ts'

const upstream = await startScriptedUpstream()
const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl })
afterAll(() => upstream.close())

const asking = (extraBody: string, declared = '') => `mutation Ask${declared} {
  createCompletion(input: { messages: [{ role: USER, content: "x" }], extraBody: ${extraBody} }) { __typename }
}`

/** What goes up for an extraBody that is written in the document. */
async function sentFor(extraBody: string, declared?: string, variables?: object) {
  const { errors } = await execute(url, asking(extraBody, declared), { ...variables }, { as: 'alice' })
  expect(errors).toBeUndefined()
  return upstream.requests.at(-1)?.body
}

describe('JSON that is written in the document', () => {
  test('goes up as it stands', async () => {
    const literal = '{ x: "a", y: 1, z: -2.5, t: true, u: null, list: [1, [], {}], o: { __proto__: { p: "q" } } }'
    const sent = await sentFor(literal)
    expect(sent).toMatchObject({ x: 'a', y: 1, z: -2.5, t: true, u: null, list: [1, [], {}] })
    expect(JSON.stringify(sent?.['o'])).toBe('{"__proto__":{"p":"q"}}')
  })

  test('takes variables in lists and objects, as often as they stand there', async () => {
    const sent = await sentFor('{ a: [$s, { b: [$s, $j] }], c: { d: $j } }', '($s: String, $j: JSON)', {
      s: 'mole',
      j: { k: [1, null] },
    })
    expect(sent).toMatchObject({ a: ['mole', { b: ['mole', { k: [1, null] }] }], c: { d: { k: [1, null] } } })
  })

  test('has null in a list, and nothing in an object, for a variable that is not given', async () => {
    const sent = await sentFor('{ a: [1, $s, 2], b: { c: $s, d: 1 } }', '($s: String)')
    expect(sent).toMatchObject({ a: [1, null, 2], b: { d: 1 } })
    expect(sent?.['b']).toEqual({ d: 1 })
  })

  test.each(['{ mode: FAST }', '{ a: [1, FAST] }', '{ a: { b: [{ c: FAST }] } }', 'FAST'])(
    '%s is refused, since JSON has no such words',
    async (literal) => {
      const sent = upstream.requests.length
      const { status, errors } = await execute(url, asking(literal), {}, { as: 'alice' })
      expect(status).toBe(400)
      expect(errors).toMatchObject([{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }])
      expect(errors?.[0]?.message).toContain('"FAST"')
      expect(upstream.requests).toHaveLength(sent)
    },
  )
})

import { monitorEventLoopDelay } from 'node:perf_hooks'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDemoModel } from '../../src/demo/demo.ts'
import { createDemoClient, user } from '../harness/demo-client.ts'

const demo = createDemoModel()
const { ask } = createDemoClient(() => baseUrl)
let baseUrl = ''

beforeAll(async () => {
  baseUrl = (await demo.listen()).baseUrl
  await ask({ max_tokens: 1 })
})
afterAll(() => demo.close())

const formatOf = (schema: object) => ({
  response_format: { type: 'json_schema', json_schema: { name: 'thing', schema } },
})

/** The longest time that nothing else of this process came to its turn. */
async function heldMs(work: () => Promise<unknown>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  await work()
  delay.disable()
  return delay.max / 1e6
}

describe('a schema', () => {
  const self = { $ref: '#' }
  const names = ['a', 'b', 'c', 'd', 'e']
  const properties = Object.fromEntries(names.map((name) => [name, self]))

  test.each<[string, object]>([
    ['asks for a text that is too long', { type: 'string', minLength: 1e6 }],
    ['asks for too many items', { type: 'array', minItems: 4e6, items: { const: 1 } }],
    ['asks for more items than there are numbers for', { type: 'array', minItems: 1e300 }],
    ['repeats what is long', { type: 'array', minItems: 1_000, items: { const: 'x'.repeat(10_000) } }],
    ['repeats a long choice', { type: 'array', minItems: 1_000, items: { enum: ['x'.repeat(10_000)] } }],
    ['repeats a long name', { type: 'array', minItems: 1_000, items: { required: ['x'.repeat(10_000)] } }],
    ['requires itself five times', { type: 'object', properties, required: names }],
    ['is made of itself', { allOf: Array(6).fill(self) }],
    ['is made of itself, and long', { allOf: Array(500).fill(self), ...Object.fromEntries(Array(50_000).entries()) }],
    ['goes a long way back to itself', { $ref: `#${'/a'.repeat(500_000)}`, allOf: Array(500).fill(self) }],
  ])('that %s is refused before it holds up anybody', async (_what, schema) => {
    const held = await heldMs(async () => {
      for (const stream of [false, true]) {
        const { response, body } = await ask({ ...formatOf(schema), stream })
        expect(response.status).toBe(400)
        expect(body.error).toMatchObject({ message: expect.stringMatching(/^Invalid schema/) })
      }
      const tools = [{ type: 'function', function: { name: 'use', parameters: schema } }]
      expect((await ask({ tools, tool_choice: 'required', n: 128 })).response.status).toBe(400)
    })
    expect(held).toBeLessThan(1_000)
  })

  test('that contains itself, but has to do so only once, is answered', async () => {
    const tree = { type: 'object', properties: { name: { type: 'string' }, child: self }, required: ['name'] }
    const { text } = await ask(formatOf(tree))
    expect(JSON.parse(text)).toMatchObject({ name: expect.any(String), child: { name: expect.any(String) } })
  })

  test('is answered many times at once, and others get their turn', async () => {
    const schema = { type: 'array', minItems: 1_500, items: { type: 'integer' } }
    const held = await heldMs(async () => {
      const { body } = await ask({ ...formatOf(schema), n: 128, max_tokens: 20 })
      expect(body.choices).toHaveLength(128)
    })
    expect(held).toBeLessThan(1_000)
  })
})

describe('an instance of a schema', () => {
  const object = (properties: object, required = Object.keys(properties)) => ({ type: 'object', properties, required })
  const madeOf = async (schema: object) => JSON.parse((await ask(formatOf(schema))).text) as unknown
  const [text, truth] = [{ type: 'string' }, { type: 'boolean' }]

  test('has what each part of an allOf requires', async () => {
    const $defs = { named: object({ name: text }) }
    const schema = { allOf: [{ $ref: '#/$defs/named' }, object({ isLong: truth })], ...object({ own: text }), $defs }
    const all = { name: expect.any(String), isLong: expect.any(Boolean), own: expect.any(String) }
    expect(await madeOf(schema)).toEqual(all)
    const inner = { allOf: [schema, { required: ['more'] }] }
    const more = { ...all, more: expect.any(String) }
    expect(await madeOf({ ...object({ inner }), $defs })).toEqual({ inner: more })
  })

  test('has in a property what each part says of it', async () => {
    const parts = [object({ inner: object({ name: text }) }), object({ inner: object({ isLong: truth }) })]
    expect(await madeOf({ allOf: parts })).toEqual({ inner: { name: expect.any(String), isLong: expect.any(Boolean) } })
  })

  test.each(['anyOf', 'oneOf'])('has what stands beside an %s, and what its choice says', async (keyword) => {
    const choices = [object({ kind: { const: 'river' }, isLong: truth }), object({ kind: { const: 'hill' } })]
    const schema = { ...object({ name: text }), [keyword]: choices }
    const whole = { name: expect.any(String), kind: 'river', isLong: expect.any(Boolean) }
    expect(await madeOf(schema)).toEqual(whole)
    expect(await madeOf({ ...schema, type: ['object', 'null'] })).toEqual(whole)
    expect(await madeOf({ [keyword]: [text, { type: 'null' }] })).toEqual(expect.any(String))
  })

  test('has what an anyOf and a oneOf beside it say', async () => {
    const schema = { anyOf: [object({ name: text })], oneOf: [object({ isLong: truth })] }
    expect(await madeOf(schema)).toEqual({ name: expect.any(String), isLong: expect.any(Boolean) })
  })

  test('ends, where it has itself for a choice', async () => {
    expect(await madeOf({ ...object({ name: text }), anyOf: [{ $ref: '#' }] })).toBeDefined()
  })

  test.each<[object, (value: number) => boolean]>([
    [{ minimum: 0.01, maximum: 0.05 }, (value) => value >= 0.01 && value <= 0.05],
    [{ minimum: 0.25, maximum: 0.25 }, (value) => value === 0.25],
    [{ exclusiveMinimum: 0, exclusiveMaximum: 0.1 }, (value) => value > 0 && value < 0.1],
    [{ minimum: 0, exclusiveMinimum: 0, maximum: 0.2 }, (value) => value > 0 && value <= 0.2],
    [{ exclusiveMinimum: 1, maximum: 1.1 }, (value) => value > 1 && value <= 1.1],
    [{ exclusiveMaximum: 0 }, (value) => value < 0],
    [{ exclusiveMinimum: 5 }, (value) => value > 5],
    [{ minimum: -1, multipleOf: 0.25, maximum: 1 }, (value) => Math.abs(value) <= 1 && Number.isInteger(value * 4)],
    [{ type: 'integer', exclusiveMinimum: 1, exclusiveMaximum: 3 }, (value) => value === 2],
    [{ type: 'integer', minimum: 0.5, maximum: 1.5 }, (value) => value === 1],
    [{ type: 'integer', minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }, Number.isSafeInteger],
    [{ type: 'integer', minimum: 9_007_199_254_740_990 }, (value) => value >= 9_007_199_254_740_990],
    [{}, (value) => value >= 0 && value <= 1],
  ])('keeps to %j', async (bounds, fits) => {
    const items = { type: 'number', ...bounds }
    const values = (await madeOf({ type: 'array', minItems: 50, items })) as number[]
    expect(values).toHaveLength(50)
    expect(values.filter((value) => !fits(value))).toEqual([])
  })
})

test('a word of 150,000 letters is no argument, and holds up nobody', async () => {
  const parameters = { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] }
  const tools = [{ type: 'function', function: { name: 'use', parameters } }]
  const held = await heldMs(async () => {
    const { choice } = await ask({ ...user(`Hello A${'abcdefghij'.repeat(15_000)}`), tools, tool_choice: 'required' })
    const said = JSON.parse(choice?.message.tool_calls?.[0]?.function.arguments ?? '') as { text: string }
    expect(said.text).toMatch(/^Aabcdefghij/)
    expect(said.text.length).toBeLessThan(1_000)
  })
  expect(held).toBeLessThan(1_000)
})

test('a long text that has to be said is said to the character', async () => {
  const value = '🚀'.repeat(6_000)
  const { text } = await ask({ ...formatOf({ const: value }), max_tokens: 30_000 })
  expect(JSON.parse(text)).toBe(value)
})

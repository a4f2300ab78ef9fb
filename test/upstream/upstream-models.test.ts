import { describe, expect, test } from 'vitest'
import { gate, head, json, raw, refusal, type Step } from '../harness/upstream.ts'
import { connect, scripted, settingsFor } from '../harness/upstream-asking.ts'

const { signal } = new AbortController()
const listOf = (...ids: string[]) =>
  json({ object: 'list', data: ids.map((id) => ({ id, created: 7, owned_by: 'us' })) })

describe('the list of models', () => {
  test('joins all upstreams, each with the models that it is asked for, each model once', async () => {
    const [first, second] = [await scripted(), await scripted()]
    first.replyModels(listOf('a-1', 'b-1'))
    second.replyModels(listOf('a-1', 'b-1', 'b.2'))
    const upstreams = connect(
      settingsFor(first.baseUrl, { name: 'first', models: ['a-*'], contextWindow: 100 }),
      settingsFor(second.baseUrl, { name: 'second', models: ['*1', 'b.2'] }),
    )
    const shared = { created: 7, ownedBy: 'us' }
    expect(await upstreams.models(signal)).toEqual([
      { ...shared, id: 'a-1', upstream: 'first', contextWindow: 100 },
      { ...shared, id: 'b-1', upstream: 'second', contextWindow: null },
      { ...shared, id: 'b.2', upstream: 'second', contextWindow: null },
    ])
    expect(first.modelRequests[0]?.headers.authorization).toBe('Bearer sk-canary-0123456789')
  })

  test.each([
    ['a*b', ['ab', 'a-b', 'aab', 'a-bb', 'abb']],
    ['a*b*b', ['a-bb', 'abb']],
    ['*a*', ['ab', 'a-b', 'aab', 'a-bb', 'abb', 'a']],
    ['*.*', ['b.2']],
    ['ab', ['ab']],
    ['a*a', []],
  ])('has of the models that the pattern %s names', async (pattern, named) => {
    const server = await scripted()
    server.replyModels(listOf('ab', 'a-b', 'aab', 'a-bb', 'abb', 'b.2', 'a'))
    const models = await connect(settingsFor(server.baseUrl, { models: [pattern] })).models(signal)
    expect(models.map(({ id }) => id)).toEqual(named)
  })

  test.each<[string, Step[]]>([
    ['refuses', [refusal(500)]],
    ['sends HTML', [head(200), raw('<p>')]],
    ['sends another shape', [json({ models: [] })]],
    ['sends more than anyone could read', [listOf('x'.repeat(9_000_000))]],
  ])('leaves out an upstream that %s', async (_, script) => {
    const [good, bad] = [await scripted(), await scripted()]
    bad.replyModels(...script)
    const upstreams = connect(settingsFor(bad.baseUrl), settingsFor(good.baseUrl))
    expect((await upstreams.models(signal)).map(({ id }) => id)).toEqual(['test-model'])
  })

  test.each<[string, unknown]>([
    ['comes without an object around it', [{ id: 'good' }, { id: 'fine' }]],
    [
      'has bad entries',
      { data: [{ id: 'good' }, { id: 5 }, null, 'bad', { id: '' }, { id: 'fine', created: 'once' }] },
    ],
  ])('is read where it %s', async (_, list) => {
    const server = await scripted()
    server.replyModels(json(list))
    const models = await connect(settingsFor(server.baseUrl)).models(signal)
    expect(models.map(({ id }) => id)).toEqual(['good', 'fine'])
  })

  test('is asked once for many who want it', async () => {
    const server = await scripted()
    const upstreams = connect(settingsFor(server.baseUrl))
    await Promise.all([upstreams.models(signal), upstreams.models(signal), upstreams.defaultModel(signal)])
    await upstreams.models(signal)
    expect(server.modelRequests).toHaveLength(1)
  })

  test('can be waited for no longer', async () => {
    const server = await scripted()
    const never = gate()
    server.replyModels(never.wait)
    const controller = new AbortController()
    const listing = connect(settingsFor(server.baseUrl)).models(controller.signal)
    await never.reached
    controller.abort('enough')
    await expect(listing).rejects.toBe('enough')
  })
})

describe('the default model', () => {
  test('is the first that the first upstream names', async () => {
    const server = await scripted()
    const upstreams = connect(settingsFor(server.baseUrl, { models: ['gpt-*', 'named', 'other'] }))
    expect(await upstreams.defaultModel(signal)).toBe('named')
    expect(server.modelRequests).toHaveLength(0)
  })

  test('is the first that it lists, where it has only patterns', async () => {
    const server = await scripted()
    server.replyModels(listOf('whisper', 'gpt-2', 'gpt-1'))
    expect(await connect(settingsFor(server.baseUrl, { models: ['gpt-*'] })).defaultModel(signal)).toBe('gpt-2')
  })

  test('is not made up', async () => {
    const server = await scripted()
    server.replyModels(refusal(500))
    await expect(connect(settingsFor(server.baseUrl)).defaultModel(signal)).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
    })
    await expect(connect().defaultModel(signal)).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' })
  })
})

describe('what is known of a model', () => {
  const upstreams = () =>
    connect(
      settingsFor('http://127.0.0.1:1/v1', {
        name: 'first',
        models: ['gpt-*'],
        contextWindow: 8192,
        prices: {
          'gpt-*': { promptPerMillion: 1, completionPerMillion: 1 },
          'gpt-mini': { promptPerMillion: 0.15, completionPerMillion: 0.6 },
        },
      }),
      settingsFor('http://127.0.0.1:1/v1', { name: 'second', contextWindow: null }),
    )

  test('its context window is that of the upstream that is tried first', () => {
    expect(upstreams().contextWindow('gpt-mini')).toBe(8192)
    expect(upstreams().contextWindow('llama')).toBeNull()
  })

  test('its cost is in millionths of a dollar, by its own price before that of a pattern', () => {
    const tokens = { promptTokens: 1000, completionTokens: 500 }
    expect(upstreams().costMicros('first', ['gpt-mini'], tokens)).toBe(450)
    expect(upstreams().costMicros('first', ['gpt-large'], tokens)).toBe(1500)
    expect(upstreams().costMicros('second', ['gpt-mini'], tokens)).toBeNull()
    expect(upstreams().costMicros('nobody', ['gpt-mini'], tokens)).toBeNull()
    expect(upstreams().costMicros('first', ['gpt-large'], { ...tokens, promptTokens: 2 ** 31 - 1 })).toBeNull()
  })
})

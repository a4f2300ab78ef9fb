import { performance } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { encode } from 'gpt-tokenizer/encoding/o200k_base'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createDemoModel } from '../../src/demo/demo.ts'
import { type Body, createDemoClient, user } from '../harness/demo-client.ts'

const endOfText = 199_999
const demo = createDemoModel()
let baseUrl = ''
const { ask, post, stream } = createDemoClient(() => baseUrl)

beforeAll(async () => {
  baseUrl = (await demo.listen()).baseUrl
})
afterAll(() => demo.close())

const readAll = async (response: Response) => {
  let text = ''
  const decoder = new TextDecoder()
  try {
    for await (const bytes of response.body ?? []) text += decoder.decode(bytes, { stream: true })
    return { text, isCut: false }
  } catch {
    return { text, isCut: true }
  }
}

describe.concurrent('structured answers', () => {
  test('a JSON object on demand, and always from demo-json', async () => {
    const asked = user('Say "hello" \\ to me')
    const demanded = await ask({ ...asked, response_format: { type: 'json_object' } })
    const always = await stream({ ...asked, model: 'demo-json', temperature: 0 })
    expect(JSON.parse(demanded.text)).toMatchObject({ demo: true, question: 'Say "hello" \\ to me' })
    expect(JSON.parse(always.text())).toMatchObject({ answer: expect.stringMatching(/demo model/i) })
  })

  test('an instance of the JSON schema', async () => {
    const schema = {
      type: 'object',
      properties: {
        city: { type: 'string' },
        population: { type: 'integer', minimum: 1000, maximum: 2000 },
        climate: { enum: ['mild', 'harsh'] },
        rivers: { type: 'array', items: { $ref: '#/$defs/river' }, minItems: 2 },
        mayor: { type: ['string', 'null'] },
      },
      required: ['city', 'population', 'climate', 'rivers', 'mayor'],
      $defs: { river: { type: 'object', properties: { isLong: { type: 'boolean' } }, required: ['isLong'] } },
    }
    const response_format = { type: 'json_schema', json_schema: { name: 'city', schema, strict: true } }
    const { text } = await ask({ ...user('Tell me about Paris'), response_format })
    const value = JSON.parse(text) as { population: number; climate: string }
    expect(value).toMatchObject({ city: 'Paris', rivers: [{ isLong: expect.any(Boolean) }, expect.anything()] })
    expect(value.population).toBeGreaterThanOrEqual(1000)
    expect(value.population).toBeLessThanOrEqual(2000)
    expect(['mild', 'harsh']).toContain(value.climate)
  })
})

describe.concurrent('tools', () => {
  const parameters = { type: 'object', properties: { symbol: { type: 'string' } }, required: ['symbol'] }
  const tools = [
    { type: 'function', function: { name: 'get_stock', description: 'Price of a share', parameters } },
    { type: 'function', function: { name: 'play_music', description: 'Plays a song', parameters } },
  ]

  test('are called when the question suggests one, when one is required, and never at none', async () => {
    const calls = async (extra: object) => (await ask({ tools, ...extra })).choice?.message.tool_calls ?? []
    const suggested = await ask({ ...user('Please play some music by Bach'), tools })
    expect(suggested.choice?.finish_reason).toBe('tool_calls')
    expect(suggested.choice?.message.content).toBeNull()
    expect(suggested.choice?.message.tool_calls?.[0]).toMatchObject({
      type: 'function',
      function: { name: 'play_music', arguments: '{"symbol":"Bach"}' },
    })
    expect(await calls({})).toEqual([])
    expect(await calls({ tool_choice: 'required' })).toHaveLength(1)
    const named = { type: 'function', function: { name: 'play_music' } }
    expect((await calls({ tool_choice: named }))[0]?.function.name).toBe('play_music')
    expect(await calls({ model: 'demo-tools', tool_choice: 'none', max_tokens: 3 })).toEqual([])
  })

  test('are called with an id of its own each time, also where all else is the same', async () => {
    const asked = { tools, tool_choice: 'required', temperature: 0, seed: 1, n: 2 }
    const calls = (await Promise.all([1, 2].map(() => ask(asked)))).flatMap(({ body }) =>
      body.choices.flatMap(({ message }) => message.tool_calls ?? []),
    )
    expect(new Set(calls.map((call) => call.function.arguments)).size).toBe(1)
    expect(new Set(calls.map(({ id }) => id)).size).toBe(4)
  })

  test('are always called by demo-tools, which answers in words once it has the result', async () => {
    const { chunks } = await stream({ model: 'demo-tools' })
    const calls = chunks.flatMap((chunk) => chunk.choices[0]?.delta.tool_calls ?? [])
    expect(calls[0]).toMatchObject({ id: expect.stringMatching(/^call_/), function: { name: 'get_weather' } })
    const text = calls.map((call) => call.function.arguments).join('')
    expect(JSON.parse(text)).toMatchObject({ city: expect.any(String) })
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('tool_calls')
    const messages = [
      { role: 'user', content: 'How warm is it?' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ ...calls[0], function: { name: 'get_weather', arguments: text } }],
      },
      { role: 'tool', tool_call_id: calls[0]?.id, content: '21 degrees' },
    ]
    const answer = await ask({ model: 'demo-tools', messages, max_tokens: 15 })
    expect(answer.choice?.message.tool_calls).toBeUndefined()
    expect(answer.text).toContain('21 degrees')
  })
})

describe.concurrent('the special models', () => {
  test('demo-429 and demo-500 refuse in the wire format', async () => {
    const limited = await ask({ model: 'demo-429' })
    expect(limited.response.status).toBe(429)
    expect(limited.response.headers.get('retry-after')).toBe('1')
    expect(limited.body.error).toMatchObject({ code: 'rate_limit_exceeded', param: null })
    const broken = await ask({ model: 'demo-500', stream: true })
    expect(broken.response.status).toBe(500)
    expect(broken.body.error).toMatchObject({ type: 'server_error' })
    expect(broken.response.headers.get('x-request-id')).toMatch(/^req_/)
  })

  test('demo-cut loses the connection in the middle', async () => {
    const { text, isCut } = await readAll(await post({ model: 'demo-cut', stream: true }))
    expect(isCut).toBe(true)
    expect(text.split('data: ').length).toBeGreaterThan(15)
    expect(text).not.toContain('[DONE]')
  })

  test('demo-error reports an error in the stream and says no more', async () => {
    const { chunks, done } = await stream({ model: 'demo-error' })
    expect(done).toBe(false)
    expect(chunks.length).toBeGreaterThan(15)
    expect(chunks.at(-1)?.error).toMatchObject({ type: 'server_error' })
  })

  test('demo-silent says some words, and nothing more until the reader gives up', async () => {
    const patience = AbortSignal.timeout(3_000)
    const { text } = await readAll(await post({ model: 'demo-silent', stream: true }, patience))
    expect(patience.aborted).toBe(true)
    expect(text.split('data: ').length).toBeGreaterThan(15)
    expect(text).not.toContain('[DONE]')
  })

  test('demo-filter is stopped by the content filter', async () => {
    const { body, choice } = await ask({ model: 'demo-filter' })
    expect(choice?.finish_reason).toBe('content_filter')
    expect(body.usage?.completion_tokens).toBe(8)
  })

  test('demo-reasoning thinks before it speaks, and counts its thoughts', async () => {
    const { chunks, text } = await stream({ model: 'demo-reasoning', stream_options: { include_usage: true } })
    const parts = chunks.flatMap(({ choices }) => (choices[0] ? [choices[0].delta] : []))
    const thought = parts.map((part) => part.reasoning_content ?? '').join('')
    expect(parts.findLastIndex((part) => part.reasoning_content)).toBeLessThan(parts.findIndex((part) => part.content))
    expect(text()).toMatch(/demo model/i)
    expect(chunks.at(-1)?.usage?.completion_tokens_details).toMatchObject({ reasoning_tokens: encode(thought).length })
  })

  test('demo-slow lets its reader wait', async () => {
    const began = performance.now()
    await ask({ model: 'demo-slow', max_tokens: 2 })
    expect(performance.now() - began).toBeGreaterThan(1_600)
  })

  test('demo-long goes on for at least 1,500 tokens, and comes to its end', async () => {
    const { body, choice } = await ask({ model: 'demo-long', logit_bias: { [endOfText]: 10 } })
    expect(choice?.finish_reason).toBe('stop')
    expect(body.usage?.completion_tokens).toBeGreaterThanOrEqual(1_500)
  })
})

describe('requests', () => {
  test('with a wrong parameter are refused by its name', async () => {
    const wrong: [object, string][] = [
      [{ temperature: 3 }, 'temperature'],
      [{ top_p: -0.1 }, 'top_p'],
      [{ n: 0 }, 'n'],
      [{ stop: ['a', 'b', 'c', 'd', 'e'] }, 'stop'],
      [{ max_tokens: 0 }, 'max_tokens'],
      [{ presence_penalty: -3 }, 'presence_penalty'],
      [{ messages: [] }, 'messages'],
      [{ messages: undefined }, 'messages'],
      [{ messages: [{ role: 'wizard', content: 'x' }] }, 'messages[0].role'],
      [{ top_logprobs: 2 }, 'top_logprobs'],
      [{ tool_choice: 'required' }, 'tool_choice'],
      [{ messages: [{ role: 'user', content: ' word'.repeat(40_000) }] }, 'messages'],
    ]
    for (const [parameters, param] of wrong) {
      const { response, body } = await ask(parameters)
      expect({ param, status: response.status, error: body.error }).toMatchObject({
        status: 400,
        error: { type: 'invalid_request_error', param },
      })
    }
  })

  test('for a model that does not exist, or no JSON at all, are refused', async () => {
    const unknown = await ask({ model: 'gpt-nothing' })
    expect(unknown.response.status).toBe(404)
    expect(unknown.body.error?.code).toBe('model_not_found')
    const broken = await fetch(`${baseUrl}/chat/completions`, { method: 'POST', body: '{' })
    expect(broken.status).toBe(400)
    expect((await fetch(`${baseUrl}/nothing`)).status).toBe(404)
    expect((await fetch(`${baseUrl}/chat/completions`)).status).toBe(405)
  })

  test('for the models list them all, the default first', async () => {
    const list = (await (await fetch(`${baseUrl}/models`)).json()) as { data: { id: string }[] }
    expect(list.data[0]?.id).toBe('demo')
    const one = (await (await fetch(`${baseUrl}/models/demo-fast`)).json()) as Partial<Body>
    expect(one).toMatchObject({ id: 'demo-fast', object: 'model', owned_by: expect.any(String) })
  })
})

test('an answer ends when its reader leaves', async () => {
  const leave = new AbortController()
  const answer = post({ logit_bias: { [endOfText]: -100 }, max_tokens: 10_000_000 }, leave.signal).catch(() => 'left')
  const busy = async () => {
    const before = performance.eventLoopUtilization()
    await pause(200)
    return performance.eventLoopUtilization(before).utilization
  }
  await vi.waitFor(async () => expect(await busy()).toBeGreaterThan(0.8), { timeout: 5_000 })
  leave.abort()
  expect(await answer).toBe('left')
  await vi.waitFor(async () => expect(await busy()).toBeLessThan(0.3), { timeout: 5_000 })
})

test('the demo model closes in the middle of an answer', async () => {
  const other = createDemoModel()
  const { baseUrl: otherUrl } = await other.listen()
  const body = JSON.stringify({ model: 'demo-slow', stream: true, ...user('Hello') })
  const answer = fetch(`${otherUrl}/chat/completions`, { method: 'POST', body }).then((response) => readAll(response))
  const outcome = answer.catch(() => ({ isCut: true }))
  await fetch(`${otherUrl}/models`)
  await other.close()
  expect(await outcome).toMatchObject({ isCut: true })
})

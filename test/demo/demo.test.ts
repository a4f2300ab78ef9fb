import { decode, encode } from 'gpt-tokenizer/encoding/o200k_base'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDemoModel } from '../../src/demo/demo.ts'
import { contentOf, createDemoClient, user } from '../harness/demo-client.ts'

const demo = createDemoModel()
let baseUrl = ''
const { ask, stream } = createDemoClient(() => baseUrl)

beforeAll(async () => {
  baseUrl = (await demo.listen()).baseUrl
})
afterAll(() => demo.close())

describe('an answer of the demo model', () => {
  test('is useful when asked about the product, and says that it is a demo', async () => {
    const { text } = await ask({ ...user('How do I start Antiphon?'), temperature: 0 })
    expect(text).toContain('npm start')
    expect(text).toMatch(/demo model/i)
  })

  test('admits that it knows nothing of the world', async () => {
    const { text } = await ask({ ...user('Why do cats purr?'), temperature: 0 })
    expect(text).toMatch(/real model/)
  })

  test('streams in the wire format: role first, then content, the finish, the usage, and [DONE]', async () => {
    const { chunks, done, text } = await stream({ temperature: 0, stream_options: { include_usage: true } })
    expect(done).toBe(true)
    expect(chunks[0]?.choices[0]?.delta).toMatchObject({ role: 'assistant', content: '' })
    expect(chunks.at(-2)?.choices[0]).toMatchObject({ delta: {}, finish_reason: 'stop' })
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: encode(text()).length } })
    expect(new Set(chunks.map(({ id, object, model }) => `${id} ${object} ${model}`)).size).toBe(1)
    expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true)
    expect(text()).toBe((await ask({ temperature: 0 })).text)
  })

  test('counts the tokens of the prompt and of the answer', async () => {
    const short = await ask({ ...user('Hello'), temperature: 0 })
    const long = await ask({ ...user(`Hello${' world'.repeat(100)}`), temperature: 0 })
    expect(short.body.usage?.completion_tokens).toBe(encode(short.text).length)
    expect((long.body.usage?.prompt_tokens ?? 0) - (short.body.usage?.prompt_tokens ?? 0)).toBe(100)
  })

  test('streams characters of several tokens whole', async () => {
    const question = { ...user('Show me unicode and emoji'), temperature: 0 }
    const { chunks, text } = await stream(question)
    expect(encode('👩‍🚀').length).toBeGreaterThan(2)
    expect(text()).toContain('👩‍🚀')
    for (const { choices } of chunks) expect(choices[0]?.delta.content ?? '').not.toMatch(/\uFFFD|\p{Cs}/u)
    expect((await ask(question)).text).toBe(text())
  })
})

describe('sampling', () => {
  test('says the same at temperature 0, and other things at temperature 1', async () => {
    const cold = await Promise.all([1, 2, 3].map(() => ask({ temperature: 0 })))
    const warm = await Promise.all(Array.from({ length: 12 }, () => ask({ temperature: 1 })))
    expect(new Set(cold.map(({ text }) => text)).size).toBe(1)
    expect(new Set(warm.map(({ text }) => text)).size).toBeGreaterThan(1)
  })

  test('gives the same answer for the same seed', async () => {
    const seeded = await Promise.all([1, 2, 3].map(() => ask({ seed: 42, temperature: 1.8 })))
    const others = await Promise.all([1, 2, 3, 4].map((seed) => ask({ seed, temperature: 1.8 })))
    expect(new Set(seeded.map(({ text }) => text)).size).toBe(1)
    expect(new Set(others.map(({ text }) => text)).size).toBeGreaterThan(1)
  })

  test('keeps to the likeliest token with top_p 0, however hot', async () => {
    const { text } = await ask({ top_p: 0, temperature: 2 })
    expect(text).toBe((await ask({ temperature: 0 })).text)
  })

  test.each([1e-7, 1e-300, 1e-310, 5e-324])('says at temperature %d what it says at 0', async (temperature) => {
    const { text, choice } = await ask({ temperature, logprobs: true })
    expect(text).toBe((await ask({ temperature: 0 })).text)
    for (const { logprob } of choice?.logprobs?.content ?? []) expect(logprob).toBeGreaterThan(-100)
  })

  test('bans and forces tokens by their real ids', async () => {
    const usual = await ask({ temperature: 0 })
    const [first = 0] = encode(usual.text)
    const banned = await ask({ temperature: 0, logit_bias: { [first]: -100 } })
    const [unheardOf = 0] = encode(' zebra')
    const forced = await ask({ temperature: 1, logit_bias: { [unheardOf]: 100 }, max_tokens: 5 })
    expect(encode(banned.text)[0]).not.toBe(first)
    expect(banned.text.length).toBeGreaterThan(20)
    expect(forced.text).toBe(' zebra'.repeat(5))
  })

  test('turns away from what it has said under penalties', async () => {
    const answer = async (penalties: object) => {
      const { text, choice } = await ask({ ...user('Tell me a story'), temperature: 0, logprobs: true, ...penalties })
      const tokens = choice?.logprobs?.content ?? []
      const sureness = tokens.reduce((sum, { logprob }) => sum + logprob, 0)
      return { text, sureness, repeats: tokens.length - new Set(tokens.map(({ token }) => token)).size }
    }
    const usual = await answer({})
    const present = await answer({ presence_penalty: 1 })
    expect((await answer({ frequency_penalty: 2 })).repeats).toBeLessThan(usual.repeats)
    expect(present.text).toBe(usual.text)
    expect(present.sureness).toBeLessThan(usual.sureness)
  })
})

describe('the length of an answer', () => {
  test('is exactly max_tokens when there was more to say', async () => {
    for (const name of ['max_tokens', 'max_completion_tokens']) {
      const { text, body, choice } = await ask({ temperature: 0, [name]: 7 })
      expect(choice?.finish_reason).toBe('length')
      expect(body.usage?.completion_tokens).toBe(7)
      expect(text).toBe(decode(encode((await ask({ temperature: 0 })).text).slice(0, 7)))
    }
  })

  test('ends before a stop sequence, also one that begins and ends inside of tokens', async () => {
    const usual = (await ask({ temperature: 0 })).text
    const at = usual.indexOf('npm ci')
    const stop = usual.slice(at - 2, at + 5)
    const { text: streamed, chunks } = await stream({ temperature: 0, stop: ['never said', stop] })
    expect(encode(stop).length).toBeGreaterThan(1)
    expect(streamed()).toBe(usual.slice(0, usual.indexOf(stop)))
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('stop')
    expect((await ask({ temperature: 0, stop })).text).toBe(streamed())
  })

  test('is the whole when a stop sequence only seems to begin', async () => {
    const usual = (await ask({ temperature: 0 })).text
    expect((await stream({ temperature: 0, stop: `${usual.slice(-6)}!` })).text()).toBe(usual)
  })
})

test('n answers come interleaved, each with its own finish', async () => {
  const { chunks } = await stream({ n: 3, temperature: 1.5, seed: 5 })
  const order = chunks.map((chunk) => chunk.choices[0]?.index)
  expect(order.slice(0, 9)).toEqual([0, 1, 2, 0, 1, 2, 0, 1, 2])
  expect(chunks.filter((chunk) => chunk.choices[0]?.finish_reason).length).toBe(3)
  const { body } = await ask({ n: 3, temperature: 1.5, seed: 5 })
  expect(body.choices.map(({ message }) => message.content)).toEqual([0, 1, 2].map((index) => contentOf(chunks, index)))
})

test('logprobs are those of the choice: ordered, below one in sum, with bytes that make up the text', async () => {
  const { choice, text, body } = await ask({ logprobs: true, top_logprobs: 5, temperature: 1, seed: 3 })
  const tokens = choice?.logprobs?.content ?? []
  expect(tokens.length).toBe(body.usage?.completion_tokens)
  expect(Buffer.from(tokens.flatMap(({ bytes }) => bytes)).toString()).toBe(text)
  for (const { logprob, top_logprobs: top } of tokens) {
    const sum = top.reduce((total, other) => total + Math.exp(other.logprob), 0)
    expect(top.length).toBe(5)
    expect(top.map((other) => other.logprob)).toEqual(top.map((other) => other.logprob).sort((a, b) => b - a))
    expect(sum).toBeLessThanOrEqual(1 + 1e-9)
    expect(logprob).toBeLessThanOrEqual(top[0]?.logprob ?? 0)
  }
  const streamed = await stream({ logprobs: true, top_logprobs: 5, temperature: 1, seed: 3 })
  expect(streamed.chunks.flatMap((chunk) => chunk.choices[0]?.logprobs?.content ?? [])).toEqual(tokens)
  expect(tokens.some(({ logprob }) => logprob < -0.5)).toBe(true)
})

test('logprobs of an answer inside JSON are those of the JSON, with what stands for a quote or a line break', async () => {
  const parameters = { ...user('Show me an example with curl'), seed: 1, response_format: { type: 'json_object' } }
  const { choice, text, body } = await ask({ ...parameters, logprobs: true, top_logprobs: 2 })
  const tokens = choice?.logprobs?.content ?? []
  expect(JSON.parse(text)).toMatchObject({ answer: expect.stringMatching(/["\n]/) })
  expect(tokens.length).toBe(body.usage?.completion_tokens)
  expect(tokens.map(({ token }) => token).join('')).toBe(text)
  expect(Buffer.from(tokens.flatMap(({ bytes }) => bytes)).toString()).toBe(text)
  for (const { top_logprobs: top } of tokens) expect(top.map(({ token }) => token).join('')).not.toContain('\n')
})

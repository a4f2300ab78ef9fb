import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { generateObject, generateText, jsonSchema, streamText, tool } from 'ai'
import OpenAI from 'openai'
import { Configuration, OpenAIApi } from 'openai-3'
import { describe, expect, test } from 'vitest'
import { startOpenai } from '../harness/openai.ts'
import { chunks, delta, done, event, finish, refusal, silence, usage } from '../harness/upstream.ts'

const messages = [{ role: 'user' as const, content: 'Hello' }]
const model = 'test-model'
const isNew = Number(process.versions.node.split('.')[0]) >= 22
const place = { type: 'object', properties: { at: { type: 'string' } }, required: ['at'] } as const
const call = [
  delta({ tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'weather', arguments: '' } }] }),
  delta({ tool_calls: [{ index: 0, function: { arguments: '{"at":' } }] }),
  delta({ tool_calls: [{ index: 0, function: { arguments: '"Ulm"}' } }] }),
  finish('tool_calls'),
  usage(9, 9),
  done(),
]

test('openai 3 for Node gets an answer from its first example', async () => {
  const { url, secret } = await startOpenai()
  const openai = new OpenAIApi(new Configuration({ apiKey: await secret(), basePath: `${url}/v1` }))
  const { data } = await openai.createChatCompletion({ model, messages })
  expect(data).toMatchObject({
    id: expect.stringMatching(/^chatcmpl-/),
    object: 'chat.completion',
    created: expect.any(Number),
    choices: [{ index: 0, message: { role: 'assistant', content: 'Hello world' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 },
  })
})

async function clientsOfOpenai() {
  const newest = isNew ? ((await import('openai-7')).default as unknown as typeof OpenAI) : null
  return { openai: OpenAI, 'openai-7': newest }
}

describe.each(['openai', 'openai-7'] as const)('%s', (name) => {
  const only = test.skipIf(name === 'openai-7' && !isNew)

  async function start() {
    const door = await startOpenai()
    const Client = (await clientsOfOpenai())[name]
    if (Client === null) throw new Error('openai 7 needs Node 22')
    return { ...door, client: new Client({ apiKey: await door.secret(), baseURL: `${door.url}/v1`, maxRetries: 1 }) }
  }

  only('gets an answer, and streams one', async () => {
    const { client } = await start()
    const whole = await client.chat.completions.create({ model, messages })
    expect(whole.choices[0]?.message.content).toBe('Hello world')
    expect(whole.usage?.total_tokens).toBe(11)
    expect(whole._request_id).toMatch(/^req_/)
    const stream = await client.chat.completions.create({
      model,
      messages,
      stream: true,
      stream_options: { include_usage: true },
    })
    let text = ''
    let total = 0
    for await (const { choices, usage: counted } of stream) {
      text += choices[0]?.delta.content ?? ''
      total += counted?.total_tokens ?? 0
    }
    expect([text, total]).toEqual(['Hello world', 11])
  })

  only('folds a stream with tool calls by its own helper', async () => {
    const { client, upstream } = await start()
    upstream.reply(...call)
    const tools = [{ type: 'function' as const, function: { name: 'weather', parameters: place } }]
    const answer = await client.chat.completions.stream({ model, messages, tools }).finalChatCompletion()
    expect(answer.choices[0]?.message.tool_calls).toMatchObject([
      { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"at":"Ulm"}' } },
    ])
    expect(answer.choices[0]?.finish_reason).toBe('tool_calls')
  })

  only('parses an answer by a JSON schema', async () => {
    const { client, upstream } = await start()
    upstream.reply(...chunks('{"at":', '"Ulm"}'), finish('stop'), done())
    const response_format = {
      type: 'json_schema' as const,
      json_schema: { name: 'place', strict: true, schema: place },
    }
    const answer = await client.chat.completions.create({ model, messages, response_format })
    expect(JSON.parse(answer.choices[0]?.message.content ?? '')).toEqual({ at: 'Ulm' })
    expect(upstream.requests[0]?.body['response_format']).toEqual(response_format)
  })

  only('stops an answer that it leaves', async () => {
    const { client, upstream } = await start()
    upstream.reply(...chunks('A mo'), silence())
    const stream = await client.chat.completions.create({ model, messages, stream: true })
    for await (const _ of stream) break
    await upstream.requests[0]?.closed
  })

  only('throws what it throws for OpenAI, and repeats nothing that would fail again', async () => {
    const { client, upstream } = await start()
    upstream.reply(refusal(400, { message: 'Too hot.', param: 'temperature', code: 'hot' }))
    const refused = client.chat.completions.create({ model, messages })
    await expect(refused).rejects.toMatchObject({ status: 400, code: 'hot', param: 'temperature' })
    upstream.reply(refusal(401))
    await expect(client.chat.completions.create({ model, messages })).rejects.toMatchObject({ status: 502 })
    expect(upstream.requests.length).toBe(2)
    upstream.reply(...chunks('Hel'), event({ error: { message: 'It burns.', code: 'fire' } }))
    const stream = await client.chat.completions.create({ model, messages, stream: true })
    const read = async () => {
      for await (const _ of stream);
    }
    await expect(read()).rejects.toMatchObject({ code: 'fire' })
  })

  only('lists models', async () => {
    const { client } = await start()
    const listed = []
    for await (const { id } of client.models.list()) listed.push(id)
    expect(listed).toEqual([model])
    expect((await client.models.retrieve(model)).owned_by).toBe('test')
  })
})

async function sdks() {
  const older = { createOpenAICompatible, generateObject, generateText, jsonSchema, streamText, tool }
  if (!isNew) return { ai: older, 'ai-7': null }
  const newest = { ...(await import('ai-7')), ...(await import('openai-compatible-3')) }
  return { ai: older, 'ai-7': newest as unknown as typeof older }
}

describe.each(['ai', 'ai-7'] as const)('the AI SDK as %s', (name) => {
  const only = test.skipIf(name === 'ai-7' && !isNew)

  async function start() {
    const door = await startOpenai()
    const sdk = (await sdks())[name]
    if (sdk === null) throw new Error('ai 7 needs Node 22')
    const provider = sdk.createOpenAICompatible({
      name: 'antiphon',
      baseURL: `${door.url}/v1`,
      apiKey: await door.secret(),
      includeUsage: true,
      supportsStructuredOutputs: true,
    })
    return { ...door, ...sdk, asked: { model: provider(model), prompt: 'Hello', maxRetries: 0 } }
  }

  only('generates and streams text', async () => {
    const sdk = await start()
    const { text, usage: counted } = await sdk.generateText(sdk.asked)
    expect([text, counted.totalTokens]).toEqual(['Hello world', 11])
    const stream = sdk.streamText(sdk.asked)
    let streamed = ''
    for await (const piece of stream.textStream) streamed += piece
    expect([streamed, (await stream.usage).totalTokens]).toEqual(['Hello world', 11])
  })

  only('runs a tool, and sends its result', async () => {
    const sdk = await start()
    sdk.upstream.reply(...call)
    const weather = sdk.tool({
      inputSchema: sdk.jsonSchema<{ at: string }>(place as object),
      execute: async ({ at }) => `Rain in ${at}`,
    })
    const { toolCalls, toolResults } = await sdk.generateText({ ...sdk.asked, tools: { weather } })
    expect(toolCalls).toMatchObject([{ toolName: 'weather', input: { at: 'Ulm' } }])
    expect(toolResults).toMatchObject([{ output: 'Rain in Ulm' }])
  })

  only('generates an object by a JSON schema', async () => {
    const sdk = await start()
    sdk.upstream.reply(...chunks('{"at":"Ulm"}'), finish('stop'), done())
    const { object } = await sdk.generateObject({ ...sdk.asked, schema: sdk.jsonSchema(place as object) })
    expect(object).toEqual({ at: 'Ulm' })
  })

  only('stops an answer that it leaves, and tells an error', async () => {
    const sdk = await start()
    sdk.upstream.reply(...chunks('A mo'), silence())
    const leaving = new AbortController()
    const stream = sdk.streamText({ ...sdk.asked, abortSignal: leaving.signal })
    const read = (async () => {
      for await (const _ of stream.textStream) leaving.abort()
    })()
    await sdk.upstream.request(0)
    await sdk.upstream.requests[0]?.closed
    await read.catch(() => {})
    sdk.upstream.reply(refusal(400, { message: 'Too hot.' }))
    await expect(sdk.generateText(sdk.asked)).rejects.toThrow('Too hot.')
  })
})

import { describe, expect, test } from 'vitest'
import { eventsIn, startOpenai, user } from '../harness/openai.ts'
import { chunk, chunks, delta, done, finish, usage } from '../harness/upstream.ts'

const head = { object: 'chat.completion.chunk', created: 1_700_000_000, model: 'test-model' }
const id = expect.stringMatching(/^chatcmpl-[\w-]{60,}$/)

describe('a completion', () => {
  test('has what the reference says, and headers that tell of the request and of the limits', async () => {
    const { ask } = await startOpenai({ LIMIT_REQUESTS_PER_MINUTE: '120' })
    const { status, headers, body } = await ask()

    expect(status).toBe(200)
    expect(body).toEqual({
      id,
      object: 'chat.completion',
      created: 1_700_000_000,
      model: 'test-model',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'Hello world', refusal: null },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage: {
        prompt_tokens: 9,
        completion_tokens: 2,
        total_tokens: 11,
        prompt_tokens_details: { cached_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 0 },
      },
    })
    expect(headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{32}$/)
    expect(Number(headers.get('openai-processing-ms'))).toBeGreaterThanOrEqual(0)
    expect(headers.get('x-ratelimit-limit-requests')).toBe('120')
    expect(headers.get('x-ratelimit-remaining-requests')).toBe('119')
    expect(headers.get('x-ratelimit-reset-requests')).toMatch(/^\d+s$/)
    expect(headers.get('x-conversation-id')).toBe(null)
  })

  test('is a stream of chunks that [DONE] ends', async () => {
    const { ask, upstream } = await startOpenai()
    upstream.reply(...chunks('Hello'), delta({ content: ' world' }), finish('length'), usage(9, 2), done())
    const { status, headers, text } = await ask({ stream: true })

    expect(status).toBe(200)
    expect(headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    const events = eventsIn(text)
    expect(events.at(-1)).toBe('[DONE]')
    const sent = events.slice(0, -1)
    for (const event of sent) expect(event).toMatchObject({ ...head, id })
    expect(sent.map(({ usage: counted }) => counted)).toEqual(sent.map(() => undefined))
    const choices = sent.flatMap((event) => event.choices)
    expect(choices[0].delta.role).toBe('assistant')
    expect(choices.map((choice) => choice.delta.content ?? '').join('')).toBe('Hello world')
    expect(choices.at(-1)).toEqual({ index: 0, delta: {}, logprobs: null, finish_reason: 'length' })
  })

  test('has its usage in a last chunk without choices where that is asked for', async () => {
    const { ask } = await startOpenai()
    const { text } = await ask({ stream: true, stream_options: { include_usage: true } })
    const [done_, counted, ...rest] = eventsIn(text).reverse()
    expect(done_).toBe('[DONE]')
    expect(counted).toMatchObject({ choices: [], usage: { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 } })
    expect(rest.map((event) => event.usage)).toEqual(rest.map(() => null))
  })

  test('says where its usage is an estimate', async () => {
    const { ask, upstream } = await startOpenai()
    upstream.reply(...chunks('Hello'), finish('stop'), done())
    expect((await ask()).body.usage).toMatchObject({ estimated: true })
  })

  test('carries reasoning, refusals, tool calls and log probabilities of each choice, streamed or whole', async () => {
    const { ask, upstream } = await startOpenai()
    const logprobs = { content: [{ token: 'Hi', logprob: -1, bytes: null, top_logprobs: [] }], refusal: null }
    const call = { index: 0, id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"at":' } }
    const script = [
      chunk([{ index: 0, delta: { reasoning_content: 'Hm. ' } }]),
      chunk([{ index: 0, delta: { content: 'Hi' }, logprobs }]),
      chunk([{ index: 0, delta: { tool_calls: [call] } }]),
      chunk([{ index: 0, delta: { tool_calls: [{ index: 0, function: { arguments: '"Ulm"}' } }] } }]),
      chunk([{ index: 1, delta: { refusal: 'No.' } }]),
      finish('tool_calls'),
      finish('stop', 1),
      done(),
    ]
    upstream.replyAlways(() => script)

    const { body } = await ask({ n: 2, logprobs: true })
    expect(body.choices).toEqual([
      {
        index: 0,
        message: {
          role: 'assistant',
          content: 'Hi',
          refusal: null,
          reasoning_content: 'Hm. ',
          tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"at":"Ulm"}' } }],
        },
        logprobs,
        finish_reason: 'tool_calls',
      },
      {
        index: 1,
        message: { role: 'assistant', content: null, refusal: 'No.' },
        logprobs: null,
        finish_reason: 'stop',
      },
    ])
    const streamed = eventsIn((await ask({ n: 2, logprobs: true, stream: true })).text).slice(0, -1)
    const deltas = streamed.flatMap((event) => event.choices).filter(({ index }) => index === 0)
    const calls = deltas.flatMap((choice) => choice.delta.tool_calls ?? [])
    expect(calls[0]).toMatchObject({ index: 0, id: 'call_1', type: 'function', function: { name: 'weather' } })
    expect(calls.map((each) => each.function.arguments).join('')).toBe('{"at":"Ulm"}')
    expect(deltas.map((choice) => choice.delta.reasoning_content ?? '').join('')).toBe('Hm. ')
    expect(deltas.flatMap((choice) => choice.logprobs?.content ?? [])).toEqual(logprobs.content)
  })

  test('answers requests with functions in their own old form', async () => {
    const { ask, upstream } = await startOpenai()
    const functions = [{ name: 'weather', parameters: { type: 'object' } }]
    const written = { name: 'weather', arguments: '{}' }
    upstream.replyAlways(() => [delta({ function_call: written }), finish('function_call'), done()])
    const asked = { functions, function_call: { name: 'weather' } }
    const { body } = await ask(asked)
    expect(upstream.requests[0]?.body).toMatchObject(asked)
    expect(body.choices[0]).toMatchObject({ message: { function_call: written }, finish_reason: 'function_call' })
    expect(body.choices[0].message.tool_calls).toBe(undefined)
    const [first] = eventsIn((await ask({ ...asked, stream: true })).text)
    expect(first.choices[0].delta.function_call).toEqual(written)
  })
})

describe('a request', () => {
  test('goes up as it came, with what is not known here', async () => {
    const { ask, upstream } = await startOpenai()
    const messages = [
      { role: 'system', content: 'Be brief.', cache_control: { type: 'ephemeral' } },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Hi', more: 1 },
          { type: 'new_kind', new_kind: { x: 1 } },
        ],
      },
      { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{}' }, reasoning_content: 'Hm.' },
      { role: 'function', name: 'f', content: '1' },
    ]
    const parameters = {
      temperature: 0.5,
      tools: [{ type: 'custom', custom: { name: 'c' } }],
      tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [] } },
      prediction: { type: 'content', content: 'x' },
      safety_identifier: 's',
      some_new_field: { deep: [1, null] },
    }
    expect((await ask({ messages, ...parameters })).status).toBe(200)
    expect(upstream.requests[0]?.body).toEqual({
      model: 'test-model',
      messages,
      ...parameters,
      user: expect.any(String),
      stream: true,
      stream_options: { include_usage: true },
    })
  })

  test('is refused by the name of what would go around this server', async () => {
    const { ask, alice, upstream } = await startOpenai()
    const names = [
      'models',
      'route',
      'provider',
      'providerOptions',
      'fallbacks',
      'best_of',
      'api_base',
      'api_key',
      'extra_headers',
    ]
    for (const name of names) {
      const { status, body } = await ask({ [name]: ['x'] })
      expect([status, body.error.param, body.error.type]).toEqual([400, name, 'invalid_request_error'])
      const messages = [{ role: 'USER', content: 'Hi' }]
      const refusal = await alice.ask.refuse({ messages, extraBody: { [name]: ['x'] } })
      expect(refusal).toMatchObject({ __typename: 'InvalidInput', path: `input.extraBody.${name}` })
    }
    expect(upstream.requests).toEqual([])
  })

  test('that is not stored leaves its usage, status and parameters, and no content', async () => {
    const { ask, alice } = await startOpenai()
    const { body } = await ask({ temperature: 0.5, metadata: { team: 'red' } })
    const completion = await alice.completion(body.id.slice('chatcmpl-'.length))
    expect(completion).toMatchObject({
      status: 'COMPLETED',
      conversation: null,
      usage: { totalTokens: 11 },
      metadata: [{ key: 'team', value: 'red' }],
    })
    expect(completion?.parameters).toMatchObject({ temperature: 0.5 })
    expect((await alice.conversations()).edges).toEqual([])
  })

  test('to store makes a conversation, which GraphQL has too', async () => {
    const { ask, alice } = await startOpenai()
    const { body, headers } = await ask({ store: true, messages: [user('Who digs?')] })
    const conversationId = headers.get('x-conversation-id') ?? ''
    expect(await alice.completion(body.id.slice('chatcmpl-'.length))).toMatchObject({
      conversation: { id: conversationId },
    })
    const { edges } = await alice.messages(conversationId)
    expect(edges.map(({ node }) => node.content)).toEqual(['Who digs?', 'Hello world'])
  })
})

test('models are listed, and each by its name', async () => {
  const { get } = await startOpenai()
  const model = { id: 'test-model', object: 'model', created: 1, owned_by: 'test' }
  expect((await get('/models')).body).toEqual({ object: 'list', data: [model] })
  expect((await get('/models/test-model')).body).toEqual(model)
  const { status, body } = await get('/models/some%2Fother')
  expect([status, body.error.code]).toEqual([404, 'model_not_found'])
})

import { afterAll, describe, expect, test } from 'vitest'
import { createPerson, says } from '../../harness/person.ts'
import { startServer } from '../../harness/server.ts'
import { startScriptedUpstream } from '../../harness/upstream.ts'

type Fields = Record<string, unknown>

const upstream = await startScriptedUpstream()
const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl })
afterAll(() => upstream.close())

const alice = createPerson(url, 'alice')
const messages = [says('Hello?')]

/** What the reference of the wire has and the schema has no field for. */
const unnamed: Fields = {
  functions: [{ name: 'dig', parameters: { type: 'object' } }],
  function_call: { name: 'dig' },
  prediction: { type: 'content', content: 'A mole.' },
  modalities: ['text', 'audio'],
  audio: { voice: 'alloy', format: 'mp3' },
  web_search_options: { search_context_size: 'low' },
  safety_identifier: 'a-hash',
  prompt_cache_key: 'moles',
  prompt_cache_retention: '24h',
  moderation: 'auto',
}
const lookUp = { name: 'look_up', description: 'Looks it up', parameters: { type: 'object' }, strict: true }

/** What a test gives, and what is to go up for it. */
const parameters: [given: Fields, sent: Fields][] = [
  [{ model: 'another-model' }, { model: 'another-model' }],
  [{ temperature: 0 }, { temperature: 0 }],
  [{ temperature: 1.7 }, { temperature: 1.7 }],
  [{ topP: 0.1 }, { top_p: 0.1 }],
  [{ n: 3 }, { n: 3 }],
  [{ stop: ['\n', 'END'] }, { stop: ['\n', 'END'] }],
  [{ stop: [] }, { stop: [] }],
  [{ maxTokens: 17 }, { max_tokens: 17 }],
  [{ maxCompletionTokens: 18 }, { max_completion_tokens: 18 }],
  [{ presencePenalty: -2 }, { presence_penalty: -2 }],
  [{ frequencyPenalty: 0.5 }, { frequency_penalty: 0.5 }],
  [
    {
      logitBias: [
        { token: 50256, bias: -100 },
        { token: 0, bias: 2.5 },
      ],
    },
    { logit_bias: { 50256: -100, 0: 2.5 } },
  ],
  [{ user: 'customer 7' }, { user: 'customer 7' }],
  [{ seed: '-42' }, { seed: -42 }],
  [{ tools: [lookUp] }, { tools: [{ type: 'function', function: lookUp }] }],
  [{ tools: [{ name: 'bare' }] }, { tools: [{ type: 'function', function: { name: 'bare' } }] }],
  [{ parallelToolCalls: false }, { parallel_tool_calls: false }],
  [{ responseFormat: { text: true } }, { response_format: { type: 'text' } }],
  [{ responseFormat: { jsonObject: true } }, { response_format: { type: 'json_object' } }],
  [
    { responseFormat: { jsonSchema: { name: 'mole', schema: { type: 'object' }, strict: true } } },
    {
      response_format: { type: 'json_schema', json_schema: { name: 'mole', schema: { type: 'object' }, strict: true } },
    },
  ],
  [
    { logprobs: true, topLogprobs: 0 },
    { logprobs: true, top_logprobs: 0 },
  ],
  [{ reasoningEffort: 'XHIGH' }, { reasoning_effort: 'xhigh' }],
  [{ reasoningEffort: 'NONE' }, { reasoning_effort: 'none' }],
  [{ verbosity: 'LOW' }, { verbosity: 'low' }],
  [{ serviceTier: 'flex' }, { service_tier: 'flex' }],
  [{ metadata: [{ key: 'team', value: 'moles' }] }, { metadata: { team: 'moles' } }],
  [{ extraBody: { top_k: 40, nested: { list: [1, null, 'x'] } } }, { top_k: 40, nested: { list: [1, null, 'x'] } }],
]

async function sentFor(input: Fields) {
  const { completion } = await alice.ask({ messages, ...input })
  const request = upstream.requests.at(-1)
  if (!request) throw new Error('Nothing was sent')
  return { completion, request }
}

describe('what goes up', () => {
  test.each(parameters)('%j goes up by its wire name, with nothing beside it', async (given, sent) => {
    const { request, completion } = await sentFor({ user: 'somebody', ...given })
    const expected = { model: 'test-model', user: 'somebody', ...sent }
    const { model, ...stored } = expected
    const stream = { stream: true, stream_options: { include_usage: true } }
    expect(request.body).toEqual({ ...expected, ...stream, messages: [{ role: 'user', content: 'Hello?' }] })
    expect(completion).toMatchObject({ model, parameters: stored })
    expect(Object.keys(completion.parameters).sort()).toEqual(Object.keys(stored).sort())
  })

  test('all parameters go up together', async () => {
    const given = Object.assign({}, ...parameters.map(([input]) => input), { toolChoice: { function: 'bare' } })
    const sent = Object.assign({}, ...parameters.map(([, body]) => body))
    const { request } = await sentFor(given)
    expect(request.body).toMatchObject({ ...sent, tool_choice: { type: 'function', function: { name: 'bare' } } })
  })

  test('what the schema has no field for goes up as it stands', async () => {
    const { request, completion } = await sentFor({ extraBody: unnamed })
    expect(request.body).toMatchObject(unnamed)
    expect(completion.parameters).toMatchObject(unnamed)
  })

  test.each([
    [{ mode: 'NONE' }, 'none'],
    [{ mode: 'AUTO' }, 'auto'],
    [{ mode: 'REQUIRED' }, 'required'],
    [{ function: 'look_up' }, { type: 'function', function: { name: 'look_up' } }],
  ])('the tool choice %j goes up as %j', async (toolChoice, sent) => {
    const { request } = await sentFor({ tools: [lookUp], toolChoice })
    expect(request.body['tool_choice']).toEqual(sent)
  })

  test.each(['9007199254740993', '9223372036854775807', '-9223372036854775808'])(
    'the seed %s goes up as a number with all its digits',
    async (seed) => {
      const { request, completion } = await sentFor({ seed })
      expect(request.text).toMatch(new RegExp(`"seed":${seed}[,}]`))
      expect(completion.parameters['seed']).toBe(seed)
    },
  )

  test('null is the same as absent', async () => {
    const nothing = Object.fromEntries(parameters.flatMap(([given]) => Object.keys(given)).map((name) => [name, null]))
    const { request } = await sentFor({ ...nothing, toolChoice: null })
    expect(Object.keys(request.body).sort()).toEqual(['messages', 'model', 'stream', 'stream_options', 'user'])
  })

  test('without a user, a pseudonym that is stable and tells nothing goes up', async () => {
    const users: unknown[] = []
    for (const name of ['alice', 'bob', 'alice']) {
      await createPerson(url, name).ask('Hello?')
      users.push(upstream.requests.at(-1)?.body['user'])
    }
    const [first, other, again] = users
    expect(first).toMatch(/^[\w-]{10,}$/)
    expect(first).not.toContain('alice')
    expect(again).toBe(first)
    expect(other).not.toBe(first)
  })

  test('messages go up with their roles, names, parts and tool calls', async () => {
    const { request } = await sentFor({
      messages: [
        says('Be brief.', 'DEVELOPER'),
        says('Be kind.', 'SYSTEM'),
        {
          role: 'USER',
          name: 'alice',
          parts: [
            { text: 'What are these?' },
            { image: { url: 'https://example.com/mole.png', detail: 'LOW' } },
            { image: { url: 'data:image/png;base64,AA==' } },
            { audio: { data: 'AA==', format: 'wav' } },
            { file: { fileData: 'data:application/pdf;base64,AA==', filename: 'moles.pdf' } },
            { file: { fileId: 'file-1' } },
          ],
        },
        { role: 'ASSISTANT', toolCalls: [{ callId: 'call_1', name: 'look_up', arguments: '{"q":' }] },
        { role: 'TOOL', content: 'A mole.', toolCallId: 'call_1' },
      ],
    })
    expect(request.body['messages']).toEqual([
      { role: 'developer', content: 'Be brief.' },
      { role: 'system', content: 'Be kind.' },
      {
        role: 'user',
        name: 'alice',
        content: [
          { type: 'text', text: 'What are these?' },
          { type: 'image_url', image_url: { url: 'https://example.com/mole.png', detail: 'low' } },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } },
          { type: 'input_audio', input_audio: { data: 'AA==', format: 'wav' } },
          { type: 'file', file: { file_data: 'data:application/pdf;base64,AA==', filename: 'moles.pdf' } },
          { type: 'file', file: { file_id: 'file-1' } },
        ],
      },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'look_up', arguments: '{"q":' } }],
      },
      { role: 'tool', content: 'A mole.', tool_call_id: 'call_1' },
    ])
  })
})

describe('what is refused before anything is sent or stored', () => {
  const tooMany = Array.from({ length: 17 }, (_, index) => ({ key: `key ${index}`, value: '' }))
  const message = (fields: Fields) => ({ messages: [...messages, fields] })

  test.each<[given: Fields, path: string]>([
    ...['temperature', 'topP', 'presencePenalty', 'frequencyPenalty'].map((name): [Fields, string] => [
      { [name]: 2.001 },
      name,
    ]),
    [{ temperature: -0.001 }, 'temperature'],
    [{ topP: 1.001 }, 'topP'],
    [{ topP: -0.1 }, 'topP'],
    [{ presencePenalty: -2.001 }, 'presencePenalty'],
    [{ frequencyPenalty: -3 }, 'frequencyPenalty'],
    [{ n: 0 }, 'n'],
    [{ n: 129 }, 'n'],
    [{ maxTokens: 0 }, 'maxTokens'],
    [{ maxCompletionTokens: -1 }, 'maxCompletionTokens'],
    [{ logprobs: true, topLogprobs: 21 }, 'topLogprobs'],
    [{ logprobs: true, topLogprobs: -1 }, 'topLogprobs'],
    [{ topLogprobs: 2 }, 'topLogprobs'],
    [{ stop: ['1', '2', '3', '4', '5'] }, 'stop'],
    [{ stop: ['a', ''] }, 'stop.1'],
    [{ logitBias: [{ token: 1, bias: 100.5 }] }, 'logitBias.0.bias'],
    [{ logitBias: [{ token: 1, bias: -101 }] }, 'logitBias.0.bias'],
    [{ logitBias: [{ token: -1, bias: 0 }] }, 'logitBias.0.token'],
    [{ logitBias: [1, 1].map((token) => ({ token, bias: 0 })) }, 'logitBias.1.token'],
    ...['', '1.5', '1e3', 'x', '9223372036854775808', '-9223372036854775809'].map((seed): [Fields, string] => [
      { seed },
      'seed',
    ]),
    [{ model: '' }, 'model'],
    [{ tools: [{ name: 'two words' }] }, 'tools.0.name'],
    [{ tools: [lookUp, lookUp] }, 'tools.1.name'],
    [{ toolChoice: { mode: 'AUTO' } }, 'toolChoice'],
    [{ tools: [lookUp], toolChoice: { function: 'other' } }, 'toolChoice.function'],
    [{ tools: [lookUp], toolChoice: { function: '' } }, 'toolChoice.function'],
    [{ metadata: tooMany }, 'metadata'],
    [{ metadata: [{ key: 'x'.repeat(65), value: '' }] }, 'metadata.0.key'],
    [{ metadata: [{ key: 'x', value: 'x'.repeat(513) }] }, 'metadata.0.value'],
    [{ metadata: ['x', 'x'].map((key) => ({ key, value: '' })) }, 'metadata.1.key'],
    ...['temperature', 'top_p', 'messages', 'stream', 'stream_options', 'model', 'n', 'seed'].map(
      (name): [Fields, string] => [{ extraBody: { top_k: 1, [name]: 1 } }, `extraBody.${name}`],
    ),
    ...[7, 'text', [1]].map((extraBody): [Fields, string] => [{ extraBody }, 'extraBody']),
    [{ messages: [] }, 'messages'],
    [{ messages: [], store: false }, 'messages'],
    [{ idempotencyKey: '' }, 'idempotencyKey'],
    [{ idempotencyKey: 'x'.repeat(256) }, 'idempotencyKey'],
    [{ context: { lastN: 0 } }, 'context.lastN'],
    [{ context: { tokenBudget: -1 } }, 'context.tokenBudget'],
    [message({ role: 'USER' }), 'messages.1'],
    [message({ role: 'USER', content: 'x', parts: [{ text: 'y' }] }), 'messages.1'],
    [message({ role: 'TOOL', content: 'x' }), 'messages.1.toolCallId'],
    [message({ role: 'USER', content: 'x', toolCallId: 'call_1' }), 'messages.1.toolCallId'],
    [message({ role: 'USER', toolCalls: [{ callId: '1', name: 'x', arguments: '' }] }), 'messages.1.toolCalls'],
    [message({ role: 'USER', parts: [{ file: { filename: 'x.pdf' } }] }), 'messages.1.parts.0.file'],
  ])('%j is InvalidInput with its path', async (given, path) => {
    const bob = createPerson(url, 'careless')
    const sent = upstream.requests.length
    const failure = await bob.ask.refuse({ messages, ...given })
    expect(failure).toMatchObject({ __typename: 'InvalidInput', path: `input.${path}` })
    expect(failure.message).toContain(`input.${path}`)
    expect(upstream.requests).toHaveLength(sent)
    expect((await bob.conversations()).edges).toEqual([])
  })

  test.each<Fields>([
    { temperature: 2, topP: 1, presencePenalty: 2, frequencyPenalty: -2, n: 128 },
    { temperature: 0, topP: 0, presencePenalty: -2, frequencyPenalty: 2, n: 1 },
    { stop: ['1', '2', '3', '4'], logitBias: [-100, 100].map((bias, token) => ({ token, bias })) },
    { logprobs: true, topLogprobs: 20, maxTokens: 1, metadata: tooMany.slice(1) },
  ])('%j is at the bounds, and taken', async (given) => {
    const { completion } = await alice.ask({ messages, ...given })
    expect(completion.status).toBe('COMPLETED')
  })
})

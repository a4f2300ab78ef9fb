import { afterAll, describe, expect, test } from 'vitest'
import { createPerson, readTo, says, threadOf } from '../../harness/person.ts'
import { freshDatabase, startServer } from '../../harness/server.ts'
import {
  chunk,
  chunks,
  delta,
  done,
  finish,
  gate,
  type Step,
  startScriptedUpstream,
  usage,
} from '../../harness/upstream.ts'

const upstream = await startScriptedUpstream()
const settings = { OPENAI_BASE_URL: upstream.baseUrl }
const { url } = await startServer(settings)
afterAll(() => upstream.close())

const alice = createPerson(url, 'alice')

const ends = (reason = 'stop') => [finish(reason), usage(9, 2), done()]

/** The completion of a question that is answered so, and its first choice's message. */
async function answered(script: Step[], input: object = {}) {
  upstream.reply(...script)
  const { completion } = await alice.ask({ messages: [says('Hello?')], ...input })
  const message = completion.choices[0]?.message
  return { completion, message }
}

describe('a completion shows', () => {
  test('what the upstream sent, with ids and times', async () => {
    const more = { id: 'chatcmpl-7', created: 1_712_345_678, model: 'test-model-0613', system_fingerprint: 'fp_1' }
    const tier = { service_tier: 'flex' }
    const opening = chunk([{ index: 0, delta: { role: 'assistant', content: 'A mole.' } }], { ...more, ...tier })
    const { completion } = await answered([opening, ...ends()], { metadata: [{ key: 'team', value: 'moles' }] })
    expect(completion).toMatchObject({
      status: 'COMPLETED',
      upstreamId: 'chatcmpl-7',
      requestId: 'req-test',
      created: 1_712_345_678,
      model: 'test-model',
      modelUsed: 'test-model-0613',
      systemFingerprint: 'fp_1',
      serviceTier: 'flex',
      error: null,
      requester: { name: 'alice' },
      metadata: [{ key: 'team', value: 'moles' }],
      choices: [
        {
          index: 0,
          finishReason: 'STOP',
          logprobs: null,
          message: { role: 'ASSISTANT', content: 'A mole.', status: 'COMPLETE', choiceIndex: 0, toolCalls: [] },
        },
      ],
      attempts: [{ upstream: 'openai', model: 'test-model', httpStatus: 200, error: null }],
    })
    const { firstTokenAt, finishedAt } = completion
    expect(Date.parse(firstTokenAt ?? '')).toBeLessThanOrEqual(Date.parse(finishedAt ?? ''))
  })

  test('the same when it is read again', async () => {
    const { completion } = await answered([...chunks('A ', 'mole.'), ...ends()])
    expect(await alice.completion(completion.id)).toEqual(completion)
    expect(await alice.message(completion.choices[0]?.message.id ?? '')).toEqual(completion.choices[0]?.message)
  })

  test("the provider's usage, with its details", async () => {
    const wire = {
      prompt_tokens: 100,
      completion_tokens: 20,
      total_tokens: 120,
      prompt_tokens_details: { cached_tokens: 64 },
      completion_tokens_details: { reasoning_tokens: 12 },
    }
    const { completion } = await answered([...chunks('x'), finish('stop'), chunk([], { usage: wire }), done()])
    expect(completion.usage).toEqual({
      promptTokens: 100,
      completionTokens: 20,
      totalTokens: 120,
      cachedTokens: 64,
      reasoningTokens: 12,
      source: 'PROVIDER',
    })
  })

  test('an estimate, marked so, where the provider gave no usage', async () => {
    const { completion } = await answered([...chunks('One two three four.'), finish('stop'), done()])
    expect(completion.usage).toMatchObject({ completionTokens: 5, source: 'ESTIMATED' })
  })

  test('each of n choices, which are siblings', async () => {
    const interleaved = [2, 0, 1, 0, 2, 1].map((index) => delta({ content: `${index}` }, index))
    const { completion } = await answered([...interleaved, finish('length', 1), finish('stop', 2), ...ends()], { n: 3 })
    expect(completion.choices).toMatchObject([
      { index: 0, finishReason: 'STOP', message: { content: '00', choiceIndex: 0 } },
      { index: 1, finishReason: 'LENGTH', message: { content: '11', choiceIndex: 1 } },
      { index: 2, finishReason: 'STOP', message: { content: '22', choiceIndex: 2 } },
    ])
    const { edges } = await alice.messages(completion.conversation?.id ?? '')
    const answerIds = completion.choices.map((choice) => choice.message.id)
    expect(edges.at(-1)?.node.siblings.map(({ id }) => id)).toEqual(answerIds)
    expect(edges.at(-1)?.node.id).toBe(answerIds[0])
  })

  test('tool calls, put together from their pieces', async () => {
    const call = (index: number, piece: object, id?: string) => delta({ tool_calls: [{ index, id, function: piece }] })
    const script = [
      call(0, { name: 'look_up', arguments: '' }, 'call_1'),
      call(0, { arguments: '{"q":' }),
      call(1, { name: 'dig', arguments: '{"depth' }, 'call_2'),
      call(0, { arguments: '"moles"}' }),
      ...ends('tool_calls'),
    ]
    const { completion, message } = await answered(script)
    expect(completion.choices[0]?.finishReason).toBe('TOOL_CALLS')
    expect(message?.content).toBeNull()
    expect(message?.toolCalls).toEqual([
      { callId: 'call_1', type: 'function', name: 'look_up', arguments: '{"q":"moles"}', json: { q: 'moles' } },
      { callId: 'call_2', type: 'function', name: 'dig', arguments: '{"depth', json: null },
    ])
  })

  test('tool calls one after the other, of an upstream that counts none of them', async () => {
    const call = (id: string, name: string) =>
      delta({ tool_calls: [{ index: 0, id, function: { name, arguments: '{}' } }] })
    const { message } = await answered([call('call_1', 'look_up'), call('call_2', 'dig'), ...ends('tool_calls')])
    expect(message?.toolCalls).toMatchObject([
      { callId: 'call_1', name: 'look_up', arguments: '{}' },
      { callId: 'call_2', name: 'dig', arguments: '{}' },
    ])
  })

  test('a refusal, with no content', async () => {
    const { message } = await answered([delta({ refusal: 'I would ' }), delta({ refusal: 'rather not.' }), ...ends()])
    expect(message).toMatchObject({ content: null, refusal: 'I would rather not.' })
  })

  test('reasoning beside the content', async () => {
    const { message } = await answered([delta({ reasoning_content: 'Digs, so…' }), ...chunks('A mole.'), ...ends()])
    expect(message).toMatchObject({ content: 'A mole.', reasoning: 'Digs, so…' })
  })

  test('log probabilities, one entry a token', async () => {
    const tokens = ['A', ' mole'].map((token) => ({ token, logprob: -0.5, bytes: null, top_logprobs: [] }))
    const pieces = tokens.map((entry) =>
      chunk([{ index: 0, delta: { content: entry.token }, logprobs: { content: [entry] } }]),
    )
    const { completion } = await answered([...pieces, ...ends()], { logprobs: true })
    expect(completion.choices[0]?.logprobs).toEqual({ content: tokens, refusal: [] })
  })

  test.each([
    ['{"legs": 4}', { responseFormat: { jsonObject: true } }, { legs: 4 }],
    ['[1]', { responseFormat: { jsonSchema: { name: 'x', schema: {} } } }, [1]],
    ['{"legs": 4', { responseFormat: { jsonObject: true } }, null],
    ['{"legs": 4}', { responseFormat: { text: true } }, null],
    ['{"legs": 4}', {}, null],
  ])('%s, asked for with %j, as the json %j', async (content, input, json) => {
    const { message } = await answered([...chunks(content), ...ends()], input)
    expect(message).toMatchObject({ content, json })
  })

  test.each([
    ['stop', 'STOP'],
    ['length', 'LENGTH'],
    ['tool_calls', 'TOOL_CALLS'],
    ['content_filter', 'CONTENT_FILTER'],
    ['function_call', 'FUNCTION_CALL'],
    ['something_new', 'UNKNOWN'],
  ])('the finish reason %s as %s', async (reason, shown) => {
    const { completion } = await answered([...chunks('x'), ...ends(reason)])
    expect(completion.choices[0]?.finishReason).toBe(shown)
  })
})

describe('a stored completion', () => {
  test('begins a conversation with the question and the answer', async () => {
    upstream.reply(...chunks('A mole.'), ...ends())
    const { completion, conversation } = await alice.ask({
      messages: [says('Be brief.', 'SYSTEM'), says('What digs?')],
    })
    expect(completion.conversation).toEqual(conversation)
    expect(await threadOf(alice, conversation?.id ?? '')).toEqual(['Be brief.', 'What digs?', 'A mole.'])
  })

  test('goes on where the conversation stands, and sends what was said', async () => {
    upstream.reply(...chunks('A mole.'), ...ends())
    const { conversation } = await alice.ask('What digs?')
    upstream.reply(...chunks('Worms.'), ...ends())
    const next = await alice.ask({ conversationId: conversation?.id, messages: [says('What does it eat?')] })
    expect(next.conversation).toEqual(conversation)
    expect(upstream.requests.at(-1)?.body['messages']).toEqual([
      { role: 'user', content: 'What digs?' },
      { role: 'assistant', content: 'A mole.' },
      { role: 'user', content: 'What does it eat?' },
    ])
    const thread = ['What digs?', 'A mole.', 'What does it eat?', 'Worms.']
    expect(await threadOf(alice, conversation?.id ?? '')).toEqual(thread)
  })
})

describe('an unstored completion', () => {
  test('is answered, and stands in no conversation', async () => {
    const bob = createPerson(url, 'bob')
    upstream.reply(...chunks('A secret.'), ...ends())
    const { completion, conversation } = await bob.ask({ messages: [says('Tell me.')], store: false })
    expect(conversation).toBeNull()
    expect(completion).toMatchObject({ status: 'COMPLETED', conversation: null, usage: { promptTokens: 9 } })
    expect(completion.choices).toMatchObject([{ finishReason: 'STOP', message: { content: 'A secret.' } }])
    expect((await bob.conversations()).edges).toEqual([])
  })

  test('answers whoever asks for the conversation of its messages, with null', async () => {
    const document = `mutation ($input: CreateCompletionInput!) {
      createCompletion(input: $input) {
        ... on CreateCompletionPayload { completion { choices { message { content conversation { id } } } } }
      }
    }`
    const { id: conversationId } = await alice.converse()
    for (const place of [{}, { conversationId }]) {
      upstream.reply(...chunks('A secret.'), ...ends())
      const input = { messages: [says('Psst.')], store: false, ...place }
      expect(await alice.request(document, { input })).toEqual({
        createCompletion: { completion: { choices: [{ message: { content: 'A secret.', conversation: null } }] } },
      })
    }
  })

  test('in a conversation leaves nothing there, and sends its own messages alone', async () => {
    const { id } = await alice.converse({ systemPrompt: 'Be brief.' })
    await alice.write(id, 'An earlier word.')
    const { completion } = await alice.ask({ conversationId: id, messages: [says('Psst.')], store: false })
    expect(completion.conversation).toEqual({ id })
    expect(upstream.requests.at(-1)?.body['messages']).toEqual([{ role: 'user', content: 'Psst.' }])
    expect(await threadOf(alice, id)).toEqual(['An earlier word.'])
  })

  test('leaves none of its content in the database', async () => {
    const database = await freshDatabase()
    const first = await startServer({ ...settings, ...database })
    upstream.reply(...chunks('A secret.'), ...ends())
    const { completion } = await createPerson(first.url, 'bob').ask({ messages: [says('Psst.')], store: false })
    await first.close()

    const second = await startServer({ ...settings, ...database })
    const known = await createPerson(second.url, 'bob').completion(completion.id)
    expect(known).toMatchObject({ status: 'COMPLETED', usage: completion.usage, choices: [] })
  })
})

describe('a completion in the background', () => {
  test('is returned before the model has answered, and goes on unwatched', async () => {
    const hold = gate()
    upstream.reply(hold.wait, ...chunks('A mole.'), ...ends())
    const { completion } = await alice.ask({ messages: [says('What digs?')], background: true })
    expect(completion).toMatchObject({ status: 'IN_PROGRESS', finishedAt: null, usage: null, error: null })
    expect(completion.choices).toMatchObject([{ finishReason: null, message: { content: null, status: 'STREAMING' } }])
    hold.open()
    const events = await alice.watch(completion.id).rest()
    expect(events.at(-1)).toMatchObject({ __typename: 'CompletionEnded', completion: { status: 'COMPLETED' } })
  })

  test('can be read while it is written, as far as it came', async () => {
    const hold = gate()
    upstream.reply(...chunks('A mo'), hold.wait, ...chunks('le.'), ...ends())
    const { completion, conversation } = await alice.ask({ messages: [says('What digs?')], background: true })
    const viewer = alice.watch(completion.id)
    await readTo('A mo', viewer)

    const id = conversation?.id ?? ''
    const partly = { content: 'A mo', status: 'STREAMING' }
    expect((await alice.completion(completion.id))?.choices).toMatchObject([{ finishReason: null, message: partly }])
    expect((await alice.messages(id)).edges.at(-1)?.node).toMatchObject(partly)
    expect((await alice.conversation(id))?.activeCompletions).toEqual([{ id: completion.id }])

    hold.open()
    await viewer.rest()
    expect((await alice.messages(id)).edges.at(-1)?.node).toMatchObject({ content: 'A mole.', status: 'COMPLETE' })
    expect((await alice.conversation(id))?.activeCompletions).toEqual([])
  })
})

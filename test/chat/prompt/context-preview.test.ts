import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { countTokens as countCl100k } from 'gpt-tokenizer/encoding/cl100k_base'
import { countTokens as countO200k } from 'gpt-tokenizer/encoding/o200k_base'
import { afterAll, describe, expect, inject, test } from 'vitest'
import { createPerson, readTo, says, threadOf } from '../../harness/person.ts'
import { startServer } from '../../harness/server.ts'
import { chunks, done, finish, gate, startScriptedUpstream } from '../../harness/upstream.ts'

const upstream = await startScriptedUpstream()
const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl, LIMIT_COST: '50000' })
afterAll(() => upstream.close())

const [alice, bob] = [createPerson(url, 'alice'), createPerson(url, 'bob')]
const talk = ['What digs?', 'A mole digs.', 'What does it eat?', 'It eats worms and grubs.']

async function conversationOf(contents: readonly string[], input: object = {}) {
  const { id } = await alice.converse(input)
  for (const [index, content] of contents.entries()) {
    await alice.write(id, says(content, index % 2 === 0 ? 'USER' : 'ASSISTANT'))
  }
  return id
}

const whole = `query ($input: CreateCompletionInput!) { contextPreview(input: $input) { ... on ContextPreviewPayload { report { messages {
  id role content name refusal reasoning json toolCallId choiceIndex status createdAt
  parts { __typename } toolCalls { callId name arguments } author { id } completion { id } parent { id } siblings { id }
} } } } }`

interface Previewed {
  contextPreview: { report: { messages: object[] } }
}

describe('a preview', () => {
  test.each([{ full: true }, { lastN: 3 }, { tokenBudget: 30 }])(
    'with %j tells what is sent when it is asked, and sends and stores nothing',
    async (context) => {
      const conversationId = await conversationOf(talk, { systemPrompt: 'Be brief.' })
      const sent = upstream.requests.length
      const input = { conversationId, messages: [says('When?')], context }
      const report = await alice.preview(input)
      expect(await threadOf(alice, conversationId)).toEqual(talk)
      expect(upstream.requests).toHaveLength(sent)

      const fresh = report.messages.at(-1)
      expect(await alice.message(fresh?.id ?? '')).toBeNull()
      const { messages, ...told } = (await alice.ask(input)).completion.context
      expect(report).toEqual({ ...told, messages: [...messages.slice(0, -1), { id: fresh?.id, content: 'When?' }] })
    },
  )

  test('of a new conversation makes none', async () => {
    const before = (await bob.conversations()).edges.length
    const report = await bob.preview({ messages: [says('When?')] })
    expect(report).toMatchObject({ messages: [{ content: 'When?' }], omittedCount: 0 })
    expect((await bob.conversations()).edges).toHaveLength(before)
  })

  test('is there while an answer is written, with the answer so far', async () => {
    const hold = gate()
    upstream.reply(...chunks('A mo'), hold.wait, ...chunks('le.'), finish('stop'), done())
    const { completion, conversation } = await alice.ask({ messages: [says('What digs?')], background: true })
    await readTo('A mo', alice.watch(completion.id))
    const report = await alice.preview({ conversationId: conversation?.id, messages: [says('When?')] })
    expect(report.messages.map(({ content }) => content)).toEqual(['What digs?', 'A mo', 'When?'])
    hold.open()
  })

  test('takes no key and nothing of a limit', async () => {
    const limited = await startServer({ OPENAI_BASE_URL: upstream.baseUrl, LIMIT_REQUESTS_PER_MINUTE: '1' })
    const carol = createPerson(limited.url, 'carol')
    const input = { messages: [says('When?')], idempotencyKey: 'a key' }
    for (let count = 0; count < 3; count++) await carol.preview(input)
    expect(await carol.ask(input)).toMatchObject({ replayed: false })
  })

  test('of what is too long is its report, above its limit', async () => {
    const conversationId = await conversationOf(talk)
    const input = { conversationId, messages: [says('When? '.repeat(20))], context: { tokenBudget: 20 } }
    const report = await alice.preview(input)
    expect(report).toMatchObject({ strategy: 'TOKEN_BUDGET', limit: 20, messages: [{ content: 'When? '.repeat(20) }] })
    expect(report.promptTokens).toBeGreaterThan(20)
    const failure = await alice.ask.refuse(input)
    const messages = [{ ...report.messages[0], id: expect.any(String) }]
    expect(failure).toMatchObject({ __typename: 'ContextTooLong', report: { ...report, messages } })
  })

  test.each([{}, { store: false }, { context: { tokenBudget: 1 } }])(
    'with %j answers whatever is asked of its new messages',
    async (more) => {
      const conversationId = await conversationOf(['What digs?'])
      const parent = (await alice.conversation(conversationId))?.currentLeaf
      const author = { id: await alice.id() }
      const messages = [
        { role: 'ASSISTANT', toolCalls: [{ callId: 'call_1', name: 'look', arguments: '{}' }] },
        { role: 'TOOL', content: 'At night.', toolCallId: 'call_1', name: 'look' },
      ]
      const found = await alice.request<Previewed>(whole, { input: { conversationId, messages, ...more } })
      const nothing = { refusal: null, reasoning: null, json: null, choiceIndex: null, completion: null, siblings: [] }
      const common = { ...nothing, author, status: 'COMPLETE', createdAt: expect.any(String), id: expect.any(String) }
      const text = { parts: [{ __typename: 'TextPart' }], content: 'At night.' }
      expect(found.contextPreview.report.messages.slice(-2)).toEqual([
        {
          ...common,
          ...messages[0],
          name: null,
          toolCallId: null,
          parts: [],
          content: null,
          parent: 'store' in more ? null : parent,
        },
        { ...common, ...messages[1], ...text, toolCalls: [], parent: null },
      ])
    },
  )

  test('answers where its new messages would stand, null where that is nowhere yet', async () => {
    const conversationId = await conversationOf(talk)
    const document = `query ($input: CreateCompletionInput!) {
      contextPreview(input: $input) { ... on ContextPreviewPayload { report { messages { conversation { id } } } } }
    }`
    const asked = (input: object) => alice.request(document, { input: { messages: [says('When?')], ...input } })
    const place = { conversation: { id: conversationId } }
    expect(await asked({ conversationId })).toEqual({
      contextPreview: { report: { messages: Array(talk.length + 1).fill(place) } },
    })
    for (const input of [{}, { store: false }, { conversationId, store: false }]) {
      const { contextPreview } = (await asked(input)) as Previewed
      expect(contextPreview.report.messages.at(-1)).toEqual({ conversation: null })
    }
  })

  test('refuses what asking would refuse', async () => {
    const conversationId = await conversationOf(talk)
    const { viewer } = await bob.request<{ viewer: { id: string } }>('{ viewer { id } }')
    const stop = ['a', 'b', 'c', 'd', 'e']
    const messages = [says('When?')]
    const refusal = await alice.preview.refuse({ messages, stop })
    expect(refusal).toMatchObject({ __typename: 'InvalidInput', path: 'input.stop' })
    expect(await bob.preview.refuse({ conversationId, messages })).toMatchObject({ __typename: 'NotFound' })
    await alice.add(conversationId, viewer.id, 'VIEWER')
    expect(await bob.preview.refuse({ conversationId, messages })).toMatchObject({ __typename: 'Forbidden' })
  })
})

const texts = ['안녕하세요, 두더지는 무엇을 먹나요?', 'What digs?']
const framing = 4 * texts.length

describe('tokens are counted', () => {
  test.each([
    ['gpt-4o-mini', countO200k],
    ['openai/gpt-5', countO200k],
    ['o3-mini', countO200k],
    ['gpt-4-0613', countCl100k],
    ['gpt-4', countCl100k],
    ['gpt-3.5-turbo', countCl100k],
  ])('with the encoding of %s', async (model, count) => {
    const expected = framing + texts.reduce((sum, text) => sum + count(text), 0)
    expect((await alice.preview({ model, messages: texts.map((text) => says(text)) })).promptTokens).toBe(expected)
  })

  test('nearly, for a model that nobody knows', async () => {
    const { promptTokens } = await alice.preview({ model: 'mole-1', messages: texts.map((text) => says(text)) })
    expect(promptTokens).toBeGreaterThan(framing)
    expect(promptTokens).toBeLessThan(100)
  })
})

describe("a model's context window", () => {
  async function aliceWithWindow(contextWindow: number) {
    const file = join(await mkdtemp(join(inject('folder'), 'upstreams-')), 'upstreams.json')
    const one = { name: 'scripted', baseUrl: upstream.baseUrl, models: ['*'], contextWindow }
    await writeFile(file, JSON.stringify([one]))
    return createPerson((await startServer({ UPSTREAMS_FILE: file, DEFAULT_MODEL: 'gpt-4o' })).url, 'alice')
  }
  const messages = [says('What digs in the garden at night?')]

  test('is filled to the token, and a token more is ContextTooLong before the upstream is asked', async () => {
    const { promptTokens } = await alice.preview({ model: 'gpt-4o', messages })
    const fits = await aliceWithWindow(promptTokens)
    expect((await fits.ask({ messages })).completion.context).toMatchObject({ promptTokens, limit: promptTokens })
    const sent = upstream.requests.length
    const narrow = await aliceWithWindow(promptTokens - 1)
    for (const context of [{ full: true }, { lastN: 1 }, { tokenBudget: 1_000 }]) {
      const failure = await narrow.ask.refuse({ messages, context })
      expect(failure).toMatchObject({ __typename: 'ContextTooLong', report: { promptTokens, limit: promptTokens - 1 } })
    }
    expect(upstream.requests).toHaveLength(sent)
  })

  test('holds the answer too, where its length is asked for', async () => {
    const { promptTokens } = await alice.preview({ model: 'gpt-4o', messages })
    const person = await aliceWithWindow(promptTokens + 10)
    expect((await person.ask({ messages, maxTokens: 10 })).completion.status).toBe('COMPLETED')
    for (const length of [{ maxTokens: 11 }, { maxCompletionTokens: 11 }]) {
      const failure = await person.ask.refuse({ messages, ...length })
      expect(failure).toMatchObject({ __typename: 'ContextTooLong', report: { limit: promptTokens - 1 } })
    }
  })

  test('leaves out the oldest, where the conversation goes by tokens', async () => {
    const person = await aliceWithWindow(60)
    const { id: conversationId } = await person.converse({ defaults: { contextStrategy: 'TOKEN_BUDGET' } })
    for (const text of talk) await person.write(conversationId, `${text} `.repeat(4))
    const { context } = (await person.ask({ conversationId, messages })).completion
    expect(context.omittedCount).toBeGreaterThan(0)
    expect(context.promptTokens).toBeLessThanOrEqual(60)
  })
})

test('the result of a tool call that is not there does not go up', async () => {
  const conversationId = await conversationOf(['What digs?'])
  await alice.write(conversationId, { ...says('Worms.', 'TOOL'), toolCallId: 'gone' })
  const { completion } = await alice.ask({ conversationId, messages: [says('When?')] })
  const sent = upstream.requests.at(-1)?.body['messages'] as { content: string }[]
  expect(sent.map(({ content }) => content)).toEqual(['What digs?', 'When?'])
  expect(completion.context.omittedCount).toBe(1)
})

import { afterAll, describe, expect, test } from 'vitest'
import { createPerson, says, threadOf } from '../../harness/person.ts'
import { startServer } from '../../harness/server.ts'
import { chunks, done, finish, startScriptedUpstream } from '../../harness/upstream.ts'

const upstream = await startScriptedUpstream()
const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl })
afterAll(() => upstream.close())

const alice = createPerson(url, 'alice')

interface Sent {
  role: string
  content: string
}

function sentMessages(): Sent[] {
  return upstream.requests.at(-1)?.body['messages'] as Sent[]
}

const sentContents = () => sentMessages().map(({ content }) => content)

/** A conversation with these messages, asked and answered in turns. */
async function conversationOf(contents: string[], input: object = {}) {
  const { id } = await alice.converse({ ...input })
  for (const [index, content] of contents.entries()) {
    await alice.write(id, says(content, index % 2 === 0 ? 'USER' : 'ASSISTANT'))
  }
  return id
}

const talk = ['What digs?', 'A mole digs.', 'What does it eat?', 'It eats worms and grubs.']

describe('of a conversation goes up', () => {
  test('all, as a rule', async () => {
    const conversationId = await conversationOf(talk)
    const { completion } = await alice.ask({ conversationId, messages: [says('When?')] })
    expect(sentContents()).toEqual([...talk, 'When?'])
    expect(completion.context).toMatchObject({ strategy: 'FULL', limit: null, omittedCount: 0 })
    expect(completion.context.messages.map(({ content }) => content)).toEqual([...talk, 'When?'])
  })

  test.each([
    [1, ['When?']],
    [3, [...talk.slice(-2), 'When?']],
    [5, [...talk, 'When?']],
    [100, [...talk, 'When?']],
  ])('the last %i, as far as there are so many', async (lastN, contents) => {
    const conversationId = await conversationOf(talk)
    const { completion } = await alice.ask({ conversationId, messages: [says('When?')], context: { lastN } })
    expect(sentContents()).toEqual(contents)
    expect(completion.context).toMatchObject({ strategy: 'LAST_N', omittedCount: 5 - contents.length })
    expect(completion.context.messages.map(({ content }) => content)).toEqual(contents)
  })

  test('what fits into a number of tokens, to the token', async () => {
    const conversationId = await conversationOf(talk)
    const ask = async (tokenBudget: number) => {
      const input = { conversationId, messages: [says('When?')], store: true, context: { tokenBudget } }
      const { completion } = await alice.ask({ ...input, parentId: leaf })
      return completion.context
    }
    const leaf = (await alice.conversation(conversationId))?.currentLeaf?.id
    const whole = await ask(100_000)
    expect(whole).toMatchObject({ strategy: 'TOKEN_BUDGET', limit: 100_000, omittedCount: 0 })
    expect(await ask(whole.promptTokens)).toMatchObject({ omittedCount: 0 })
    const less = await ask(whole.promptTokens - 1)
    expect(less).toMatchObject({ limit: whole.promptTokens - 1, omittedCount: 1 })
    expect(less.promptTokens).toBeLessThan(whole.promptTokens)
    expect(sentContents()).toEqual([...talk.slice(1), 'When?'])
  })

  test.each([{ lastN: 1 }, { tokenBudget: 30 }, { full: true }])(
    'the system prompt, always, with %j',
    async (context) => {
      const conversationId = await conversationOf(talk, { systemPrompt: 'Be brief.' })
      await alice.ask({ conversationId, messages: [says('When?')], context })
      expect(sentMessages()[0]).toEqual({ role: 'system', content: 'Be brief.' })
      expect(sentContents().at(-1)).toBe('When?')
    },
  )

  test('what is new, always, however little is allowed', async () => {
    const conversationId = await conversationOf(talk)
    const messages = ['When?', 'And where?'].map((content) => says(content))
    await alice.ask({ conversationId, messages, context: { lastN: 1 } })
    expect(sentContents()).toEqual(['When?', 'And where?'])
  })

  test('a system message, always', async () => {
    const { id: conversationId } = await alice.converse()
    await alice.write(conversationId, says('Be kind.', 'SYSTEM'))
    for (const content of talk) await alice.write(conversationId, content)
    await alice.ask({ conversationId, messages: [says('When?')], context: { lastN: 3 } })
    expect(sentContents()).toEqual(['Be kind.', talk[3], 'When?'])
  })

  test.each([
    [3, ['USER']],
    [4, ['ASSISTANT', 'TOOL', 'TOOL', 'USER']],
    [5, ['USER', 'ASSISTANT', 'TOOL', 'TOOL', 'USER']],
  ])('a tool call with all its results or not at all: of the last %i, %j', async (lastN, roles) => {
    const calls = ['1', '2'].map((callId) => ({ callId, name: 'dig', arguments: '{}' }))
    const conversationId = await conversationOf(['Dig twice.'])
    await alice.write(conversationId, { role: 'ASSISTANT', toolCalls: calls })
    for (const { callId } of calls) {
      await alice.write(conversationId, { ...says('Done.', 'TOOL'), toolCallId: callId })
    }
    const { completion } = await alice.ask({ conversationId, messages: [says('And?')], context: { lastN } })
    expect(sentMessages().map(({ role }) => role.toUpperCase())).toEqual(roles)
    expect(completion.context.omittedCount).toBe(5 - roles.length)
  })

  test('no call of tools without its results, nor a result without its call, where one was deleted', async () => {
    const call = (callId: string) => ({ callId, name: 'dig', arguments: '{}' })
    const { id: conversationId } = await alice.converse()
    const write = async (message: object) => (await alice.write(conversationId, message)).createdMessage.id
    await write(says('Dig.'))
    await write({ role: 'ASSISTANT', toolCalls: [call('a'), call('b')] })
    await write({ ...says('A hole.', 'TOOL'), toolCallId: 'a' })
    const lacking = await write({ ...says('Another.', 'TOOL'), toolCallId: 'b' })
    const called = await write({ role: 'ASSISTANT', toolCalls: [call('c')] })
    const last = await write({ ...says('A third.', 'TOOL'), toolCallId: 'c' })
    async function rolesSent() {
      await alice.ask({ conversationId, parentId: last, messages: [says('And?')] })
      return sentMessages().map(({ role }) => role)
    }
    expect(await rolesSent()).toEqual(['user', 'assistant', 'tool', 'tool', 'assistant', 'tool', 'user'])
    await alice.erase(lacking)
    expect(await rolesSent()).toEqual(['user', 'assistant', 'tool', 'user'])
    await alice.erase(called)
    expect(await rolesSent()).toEqual(['user', 'user'])
  })

  test('of a long one the same, though not all of it is read', async () => {
    const contents = Array.from({ length: 300 }, (_, index) => `This is message ${100 + index}.`)
    const { id } = await alice.converse()
    for (const [index, content] of contents.entries())
      await alice.write(id, says(content, index === 0 ? 'SYSTEM' : 'USER'))
    const end = (await alice.messages(id, { last: 1 })).edges[0]?.node.id
    for (const [context, count] of [
      [{ lastN: 10 }, 8],
      [{ lastN: 64 }, 62],
      [{ tokenBudget: 1_000 }, null],
      [{ tokenBudget: 2_400 }, null],
      [{ tokenBudget: 1_000_000 }, 299],
      [{ full: true }, 299],
    ] as const) {
      const { completion } = await alice.ask({ conversationId: id, parentId: end, messages: [says('And?')], context })
      const sent = sentContents()
      const newest = sent.slice(1, -1)
      expect(sent).toEqual([contents[0], ...contents.slice(-newest.length), 'And?'])
      if (count !== null) expect(newest).toHaveLength(count)
      expect(completion.context.omittedCount).toBe(301 - sent.length)
    }
  })

  test('nothing, where what has to stay does not fit: ContextTooLong', async () => {
    const conversationId = await conversationOf(talk, { systemPrompt: 'Be brief. '.repeat(20) })
    const sent = upstream.requests.length
    const input = { conversationId, messages: [says('When?')], context: { tokenBudget: 20 } }
    const failure = await alice.ask.refuse(input)
    expect(failure).toMatchObject({ __typename: 'ContextTooLong', report: { strategy: 'TOKEN_BUDGET', limit: 20 } })
    expect((failure.report as { promptTokens: number }).promptTokens).toBeGreaterThan(20)
    expect(upstream.requests).toHaveLength(sent)
    expect(await threadOf(alice, conversationId)).toEqual(talk)
  })
})

describe("a conversation's settings", () => {
  const defaults = { model: 'mole-1', temperature: 0.5, topP: 0.25, maxTokens: 7 }

  test('go up where the input does not say otherwise', async () => {
    const conversationId = await conversationOf([], { systemPrompt: 'Be brief.', defaults })
    await alice.ask({ conversationId, messages: [says('Hello?')] })
    expect(upstream.requests.at(-1)?.body).toMatchObject({
      model: 'mole-1',
      temperature: 0.5,
      top_p: 0.25,
      max_tokens: 7,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hello?' },
      ],
    })
  })

  test('stand behind what the input says, zero included', async () => {
    const conversationId = await conversationOf([], { defaults })
    const own = { model: 'mole-2', temperature: 0, topP: 0, maxTokens: 9 }
    await alice.ask({ conversationId, messages: [says('Hello?')], ...own })
    const sent = { model: 'mole-2', temperature: 0, top_p: 0, max_tokens: 9 }
    expect(upstream.requests.at(-1)?.body).toMatchObject(sent)
  })

  test('add no maxTokens to a maxCompletionTokens', async () => {
    const conversationId = await conversationOf([], { defaults })
    await alice.ask({ conversationId, messages: [says('Hello?')], maxCompletionTokens: 5 })
    expect(upstream.requests.at(-1)?.body).not.toHaveProperty('max_tokens')
    expect(upstream.requests.at(-1)?.body).toMatchObject({ max_completion_tokens: 5 })
  })

  test.each(['LAST_N', 'TOKEN_BUDGET'])(
    'choose the strategy %s, which the input overrides',
    async (contextStrategy) => {
      const conversationId = await conversationOf(talk, { defaults: { contextStrategy } })
      const { completion } = await alice.ask({ conversationId, messages: [says('When?')] })
      expect(completion.context).toMatchObject({ strategy: contextStrategy, omittedCount: 0 })
      const other = await alice.ask({ conversationId, messages: [says('Where?')], context: { full: true } })
      expect(other.completion.context.strategy).toBe('FULL')
    },
  )
})

describe('where a conversation goes by tokens and nothing says how many', () => {
  const defaults = { contextStrategy: 'TOKEN_BUDGET' }
  const long = 'What does a mole eat? '.repeat(1_600)

  test('the history is kept to 8,000, the system prompt and what is new counted in', async () => {
    const conversationId = await conversationOf(Array(4).fill('What does a mole eat? '.repeat(500)), { defaults })
    const { context } = (await alice.ask({ conversationId, messages: [says('When?')] })).completion
    expect(context).toMatchObject({ strategy: 'TOKEN_BUDGET', limit: null, omittedCount: 2 })
    expect(context.promptTokens).toBeLessThanOrEqual(8_000)
  })

  test('a question may be longer than that, and goes up without history', async () => {
    const conversationId = await conversationOf(talk, { defaults })
    const { context } = (await alice.ask({ conversationId, messages: [says(long)] })).completion
    expect(sentContents()).toEqual([long])
    expect(context).toMatchObject({ strategy: 'TOKEN_BUDGET', limit: null, omittedCount: 4 })
    expect(context.promptTokens).toBeGreaterThan(9_000)
  })

  test('so may what is not stored, which has no history', async () => {
    const conversationId = await conversationOf(talk, { defaults })
    const { completion } = await alice.ask({ conversationId, messages: [says(long)], store: false })
    expect(completion.status).toBe('COMPLETED')
    expect(sentContents()).toEqual([long])
  })
})

describe('an answer to an earlier message', () => {
  const answer = (text: string) => upstream.reply(...chunks(text), finish('stop'), done())

  test('with no new messages regenerates: a sibling, from the same prompt, and the new current leaf', async () => {
    answer('A mole.')
    const first = await alice.ask('What digs?')
    const conversationId = first.conversation?.id ?? ''
    const question = (await alice.messages(conversationId)).edges[0]?.node.id
    answer('A badger.')
    const second = await alice.ask({ parentId: question, messages: [] })
    expect(second.conversation).toEqual(first.conversation)
    expect(sentMessages()).toEqual([{ role: 'user', content: 'What digs?' }])
    expect(await threadOf(alice, conversationId)).toEqual(['What digs?', 'A badger.'])

    const leaf = (await alice.messages(conversationId)).edges.at(-1)?.node
    const answers = [first, second].map(({ completion }) => completion.choices[0]?.message.id)
    expect(leaf?.siblings.map(({ id }) => id)).toEqual(answers)
    expect(await threadOf(alice, conversationId, answers[0])).toEqual(['What digs?', 'A mole.'])
  })

  test('with new messages branches off there, and sends that branch alone', async () => {
    const conversationId = await conversationOf(talk)
    const [, second] = (await alice.messages(conversationId)).edges
    answer('In the garden.')
    await alice.ask({ conversationId, parentId: second?.node.id, messages: [says('Where?')] })
    const branch = [...talk.slice(0, 2), 'Where?']
    expect(sentContents()).toEqual(branch)
    expect(await threadOf(alice, conversationId)).toEqual([...branch, 'In the garden.'])
  })

  test('with no new messages and no parent answers the current leaf again', async () => {
    const conversationId = await conversationOf(['What digs?'])
    answer('A mole.')
    await alice.ask({ conversationId, messages: [] })
    expect(await threadOf(alice, conversationId)).toEqual(['What digs?', 'A mole.'])
  })

  test('needs a message to answer', async () => {
    const conversationId = await conversationOf([])
    const failure = await alice.ask.refuse({ conversationId, messages: [] })
    expect(failure).toMatchObject({ __typename: 'InvalidInput', path: 'input.messages' })
  })

  test('in another conversation is NotFound', async () => {
    const [here, there] = [await conversationOf(['Here.']), await conversationOf(['There.'])]
    const parentId = (await alice.conversation(there))?.currentLeaf?.id
    const failure = await alice.ask.refuse({ conversationId: here, parentId, messages: [says('Where?')] })
    expect(failure.__typename).toBe('NotFound')
  })
})

import { afterAll, describe, expect, test } from 'vitest'
import { badPages, walk } from '../../harness/pages.ts'
import { createPerson, endOf, readTo, says } from '../../harness/person.ts'
import { startServer } from '../../harness/server.ts'
import { chunks, silence, startScriptedUpstream } from '../../harness/upstream.ts'

const upstream = await startScriptedUpstream()
const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl })
afterAll(() => upstream.close())

const alice = createPerson(url, 'alice')
const newPerson = () => createPerson(url, `person-${crypto.randomUUID()}`)
const noDefaults = { model: null, temperature: null, topP: null, maxTokens: null, contextStrategy: 'FULL' }

describe('a new conversation', () => {
  test('is empty, with the viewer as its owner', async () => {
    const conversation = await alice.converse()
    expect(conversation).toMatchObject({
      title: null,
      systemPrompt: null,
      archivedAt: null,
      viewerRole: 'OWNER',
      defaults: noDefaults,
      currentLeaf: null,
      activeCompletions: [],
    })
    expect((await alice.messages(conversation.id)).edges).toEqual([])
    expect(await alice.conversation(conversation.id)).toEqual(conversation)
  })

  test('keeps what it is given', async () => {
    const defaults = { model: 'mole-1', temperature: 0, topP: 0.5, maxTokens: 7, contextStrategy: 'LAST_N' }
    const given = { title: 'Moles 🐾', systemPrompt: 'Be brief.\n', defaults }
    const { id } = await alice.converse(given)
    expect(await alice.conversation(id)).toMatchObject(given)
  })

  test('keeps NUL and lone halves of pairs as U+FFFD', async () => {
    expect(await alice.converse({ title: 'a\0b\ud83dc' })).toMatchObject({ title: 'a\ufffdb\ufffdc' })
  })

  test.each([{ temperature: 2.1 }, { topP: -1 }, { maxTokens: 0 }, { model: '' }])(
    'does not take the defaults %j',
    async (defaults) => {
      const [name = ''] = Object.keys(defaults)
      const refusal = await newPerson().converse.refuse({ defaults })
      expect(refusal).toMatchObject({ __typename: 'InvalidInput', path: `input.defaults.${name}` })
    },
  )
})

describe('a conversation that is created by an idempotency key', () => {
  test('is created once, however often and by however many requests at once', async () => {
    const person = newPerson()
    const input = { title: 'Moles', idempotencyKey: 'a key' }
    const created = await Promise.all(Array.from({ length: 5 }, () => person.converse(input)))
    created.push(await person.converse({ idempotencyKey: 'a key', title: 'Moles', systemPrompt: null }))
    expect(new Set(created.map(({ id }) => id)).size).toBe(1)
    expect((await person.conversations()).edges).toHaveLength(1)
    expect(await newPerson().converse(input)).not.toMatchObject({ id: created[0]?.id })
  })

  test('is refused with another input, or a key that is too long', async () => {
    const person = newPerson()
    await person.converse({ idempotencyKey: 'a key' })
    const conflict = await person.converse.refuse({ idempotencyKey: 'a key', title: 'Moles' })
    expect(conflict).toMatchObject({ __typename: 'IdempotencyConflict' })
    const refusal = await person.converse.refuse({ idempotencyKey: 'x'.repeat(256) })
    expect(refusal).toMatchObject({ __typename: 'InvalidInput', path: 'input.idempotencyKey' })
  })

  test('is NotFound for whoever has left it, and created anew when it was deleted', async () => {
    const [person, other] = [newPerson(), newPerson()]
    const { id } = await person.converse({ idempotencyKey: 'left' })
    await person.add(id, await other.id(), 'OWNER')
    await person.expel(id, await person.id())
    expect(await person.converse.refuse({ idempotencyKey: 'left' })).toMatchObject({ __typename: 'NotFound' })
    const deleted = await person.converse({ idempotencyKey: 'deleted' })
    await person.remove(deleted.id)
    expect((await person.converse({ idempotencyKey: 'deleted' })).id).not.toBe(deleted.id)
  })
})

describe('an update', () => {
  const defaults = { model: 'mole-1', temperature: 0.3, topP: 0.5, maxTokens: 9, contextStrategy: 'TOKEN_BUDGET' }
  const given = { title: 'Moles', systemPrompt: 'Be brief.', defaults }

  test.each<[change: object, after: object]>([
    [{}, {}],
    [{ title: 'Voles' }, { title: 'Voles' }],
    [{ title: null }, { title: null }],
    [{ systemPrompt: null }, { systemPrompt: null }],
    [{ defaults: { temperature: 1 } }, { defaults: { ...defaults, temperature: 1 } }],
    [{ defaults: { model: null } }, { defaults: { ...defaults, model: null } }],
    [
      { defaults: { contextStrategy: 'LAST_N', topP: null } },
      { defaults: { ...defaults, contextStrategy: 'LAST_N', topP: null } },
    ],
    [{ defaults: { contextStrategy: null } }, { defaults: { ...defaults, contextStrategy: 'FULL' } }],
    [{ defaults: null }, { defaults: noDefaults }],
  ])('with %j changes that alone: null clears, and what is absent stays', async (change, after) => {
    const { id } = await alice.converse(given)
    const { conversation } = await alice.update(id, change)
    expect(conversation).toMatchObject({ ...given, ...after })
    expect(await alice.conversation(id)).toEqual(conversation)
  })

  test('archives, and takes back', async () => {
    const { id } = await alice.converse(given)
    const archived = await alice.update(id, { archived: true })
    expect(archived.conversation).toMatchObject({ ...given, archivedAt: expect.any(String) })
    expect((await alice.update(id, {})).conversation.archivedAt).toBe(archived.conversation.archivedAt)
    expect((await alice.update(id, { archived: false })).conversation).toMatchObject({ ...given, archivedAt: null })
    await alice.update(id, { archived: true })
    expect((await alice.update(id, { archived: null })).conversation.archivedAt).toBeNull()
  })

  test('out of range is InvalidInput, and changes nothing', async () => {
    const conversation = await alice.converse(given)
    const failure = await alice.update.refuse(conversation.id, { title: 'Voles', defaults: { temperature: -1 } })
    expect(failure).toMatchObject({ __typename: 'InvalidInput', path: 'input.defaults.temperature' })
    expect(await alice.conversation(conversation.id)).toEqual(conversation)
  })
})

describe('the list of conversations', () => {
  /** Somebody new who has a conversation of each title, the first title changed last. */
  async function owner(titles: (string | null)[]) {
    const person = newPerson()
    for (const title of [...titles].reverse()) await person.converse({ title })
    const titlesFor = async (filter: object) => {
      return (await person.conversations({ filter })).edges.map(({ node }) => node.title)
    }
    return { person, titlesFor }
  }

  test('has the last changed first, where a message, an answer and a setting are changes', async () => {
    const person = newPerson()
    const ids: string[] = []
    for (let count = 0; count < 4; count++) ids.push((await person.converse()).id)
    const order = async () => (await person.conversations()).edges.map(({ node }) => ids.indexOf(node.id))
    expect(await order()).toEqual([3, 2, 1, 0])
    await person.update(ids[0] ?? '', { title: 'Moles' })
    expect(await order()).toEqual([0, 3, 2, 1])
    await person.write(ids[1] ?? '', 'Hello.')
    expect(await order()).toEqual([1, 0, 3, 2])
    await person.ask({ conversationId: ids[2], messages: [says('Hello?')] })
    expect(await order()).toEqual([2, 1, 0, 3])
  })

  test.each([
    ['mole', ['Moles', 'A MOLE']],
    ['%', ['100 % voles']],
    ['_', ['snake_case']],
    ['\\', ['back\\slash']],
    ['', ['Moles', 'A MOLE', '100 % voles', 'snake_case', 'back\\slash']],
    ['badger', []],
  ])('is filtered by a part of the title: %j', async (titleContains, found) => {
    const { titlesFor } = await owner(['Moles', 'A MOLE', '100 % voles', 'snake_case', 'back\\slash', null])
    expect(await titlesFor({ titleContains })).toEqual(found)
  })

  test('is filtered by whether they are archived, and by role', async () => {
    const { person, titlesFor } = await owner(['kept', 'put away'])
    const [, second] = (await person.conversations()).edges
    await person.update(second?.node.id ?? '', { archived: true })
    expect(await titlesFor({ archived: true })).toEqual(['put away'])
    expect(await titlesFor({ archived: false })).toEqual(['kept'])
    expect(await titlesFor({ archived: null })).toEqual(['put away', 'kept'])
    expect(await titlesFor({ role: 'OWNER', titleContains: 'kept' })).toEqual(['kept'])
    expect(await titlesFor({ role: 'EDITOR' })).toEqual([])
  })

  test('read page by page, either way and in any size, is the list', async () => {
    const { person } = await owner(Array.from({ length: 7 }, (_, index) => `${index % 2 ? 'odd' : 'even'} ${index}`))
    const whole = (await person.conversations()).edges.map(({ node }) => node.id)
    const odd = { titleContains: 'odd' }
    for (const size of [1, 2, 3, 7, 200]) {
      for (const way of ['forwards', 'backwards'] as const) {
        expect(await walk(person.conversations, size, way)).toEqual(whole)
        const someOnly = await walk((page) => person.conversations({ ...page, filter: odd }), size, way)
        expect(someOnly).toEqual(whole.filter((_, index) => index % 2 === 1))
      }
    }
  })

  test('tells of what is on the other side of a bound, whether or not the bound is still there', async () => {
    const { person } = await owner(['z', 'y', 'x'])
    const listed = (await person.conversations()).edges
    const [z, y, x] = listed.map(({ cursor }) => cursor)
    const page = async (input: object) => {
      const { edges, pageInfo } = await person.conversations(input)
      return [edges.map(({ node }) => node.title).join(''), pageInfo.hasPreviousPage, pageInfo.hasNextPage]
    }
    expect(await page({ first: 5, before: x })).toEqual(['zy', false, true])
    expect(await page({ last: 5, after: z })).toEqual(['yx', true, false])
    expect(await page({ first: 5, after: z, before: x })).toEqual(['y', true, true])
    expect(await page({ last: 1, after: z, before: x })).toEqual(['y', true, true])
    expect(await page({ first: 5, before: x, filter: { titleContains: 'z' } })).toEqual(['z', false, false])
    await person.remove(listed[2]?.node.id ?? '')
    expect(await page({ last: 1, before: x })).toEqual(['y', true, false])
    expect(await page({ first: 5, before: x })).toEqual(['zy', false, false])
    await person.remove(listed[0]?.node.id ?? '')
    expect(await page({ first: 1, after: z })).toEqual(['y', false, false])
    expect(await page({ last: 5, after: z, before: y })).toEqual(['', false, true])
  })

  test('takes no and an empty page', async () => {
    const { person } = await owner(['one'])
    const none = await person.conversations({ first: 0 })
    expect(none).toEqual({
      edges: [],
      pageInfo: { hasNextPage: true, hasPreviousPage: false, startCursor: null, endCursor: null },
    })
  })

  test.each(badPages)('does not take %j', async (page, named) => {
    await expect(alice.conversations(page)).rejects.toMatchObject({
      errors: [{ message: expect.stringContaining(named), extensions: { code: 'BAD_USER_INPUT' } }],
    })
  })
})

describe('a deleted conversation', () => {
  test('is gone with all that was in it', async () => {
    const { completion, conversation } = await alice.ask('What digs?')
    const id = conversation?.id ?? ''
    const messageIds = (await alice.messages(id)).edges.map(({ node }) => node.id)
    expect(await alice.remove(id)).toEqual({ deletedId: id })
    expect(await alice.conversation(id)).toBeNull()
    expect(await alice.completion(completion.id)).toBeNull()
    for (const messageId of messageIds) expect(await alice.message(messageId)).toBeNull()
    const { edges } = await alice.conversations()
    expect(edges.map(({ node }) => node.id)).not.toContain(id)
    expect(await alice.remove.refuse(id)).toMatchObject({ __typename: 'NotFound' })
    const events = await alice.watch(completion.id).rest()
    expect(events).toMatchObject([{ __typename: 'CompletionRejected', error: { __typename: 'NotFound' } }])
  })

  test('takes the answer that is written in it along: cancelled, and its upstream left', async () => {
    upstream.reply(...chunks('A mo'), silence())
    const viewer = alice.start(crypto.randomUUID(), 'What digs?')
    const [snapshot] = await readTo('A mo', viewer)
    const request = upstream.requests.at(-1)
    const completion = await alice.completion(snapshot?.completionId ?? '')
    await alice.remove(completion?.conversation?.id ?? '')
    await request?.closed
    expect(endOf(await viewer.rest()).status).toBe('CANCELLED')
    expect(await alice.completion(completion?.id ?? '')).toBeNull()
  })

  test('takes the questions along that wait in it', async () => {
    const before = upstream.requests.length
    upstream.reply(...chunks('A mo'), silence())
    const { conversation } = await alice.ask({ messages: [says('What digs?')], background: true })
    await upstream.request(before)
    const input = { conversationId: conversation?.id, messages: [says('And?')], ifBusy: 'QUEUE', background: true }
    const waiting = await alice.ask(input)
    await alice.remove(conversation?.id ?? '')
    expect(await alice.completion(waiting.completion.id)).toBeNull()
    expect(upstream.requests).toHaveLength(before + 1)
  })
})

import { afterAll, describe, expect, test } from 'vitest'
import { execute } from '../../harness/client.ts'
import { badPages, walk } from '../../harness/pages.ts'
import { createPerson, endOf, readTo, says, threadOf } from '../../harness/person.ts'
import { startServer } from '../../harness/server.ts'
import { chunks, done, finish, gate, startScriptedUpstream } from '../../harness/upstream.ts'

const upstream = await startScriptedUpstream()
const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl })
afterAll(() => upstream.close())

const alice = createPerson(url, 'alice')

/** A conversation in which these were written, one after the other. */
async function conversationOf(...contents: string[]) {
  const { id } = await alice.converse()
  const ids: string[] = []
  for (const content of contents) ids.push((await alice.write(id, content)).createdMessage.id)
  return { id, ids, leaf: async () => (await alice.conversation(id))?.currentLeaf?.id }
}

describe('a written message', () => {
  test('is a whole one by its author, after the current leaf, which it becomes', async () => {
    const { id, ids, leaf } = await conversationOf('One.')
    const { createdMessage } = await alice.write(id, { ...says('Two.'), name: 'al' })
    expect(createdMessage).toMatchObject({
      role: 'USER',
      content: 'Two.',
      name: 'al',
      status: 'COMPLETE',
      choiceIndex: null,
      author: { name: 'alice' },
      parent: { id: ids[0] },
      parts: [{ __typename: 'TextPart', text: 'Two.' }],
      toolCalls: [],
    })
    expect(await leaf()).toBe(createdMessage.id)
    expect(await threadOf(alice, id)).toEqual(['One.', 'Two.'])
  })

  test('stands after those of the same moment: eight at once without a parent are one path, in a definite order', async () => {
    const { id } = await conversationOf('One.')
    const texts = Array.from({ length: 8 }, (_, index) => `Text ${index}`)
    await Promise.all(texts.map((text) => alice.write(id, text)))
    const thread = await threadOf(alice, id)
    expect(thread[0]).toBe('One.')
    expect(thread.slice(1).sort()).toEqual(texts)
  })

  test('stands beside those of the same moment that name the same parent', async () => {
    const { id, ids } = await conversationOf('One.')
    const write = (text: string) => alice.write(id, text, { parentId: ids[0] })
    const written = await Promise.all(['Two.', 'Three.'].map(write))
    expect(written.map(({ createdMessage }) => createdMessage.parent)).toEqual([{ id: ids[0] }, { id: ids[0] }])
  })

  test('asks no model', async () => {
    const before = upstream.requests.length
    await conversationOf('One.')
    expect(upstream.requests).toHaveLength(before)
  })

  test('keeps its parts, of which the texts are its content', async () => {
    const { id } = await conversationOf()
    const parts = [
      { text: 'A ' },
      { image: { url: 'https://example.com/mole.png', detail: 'HIGH' } },
      { text: 'mole' },
      { image: { url: 'data:,' } },
      { audio: { data: 'AA==', format: 'wav' } },
      { file: { fileId: 'file-1' } },
      { file: { fileData: 'data:,', filename: 'a.pdf' } },
    ]
    const { createdMessage } = await alice.write(id, { role: 'USER', parts })
    expect(createdMessage.content).toBe('A mole')
    expect(createdMessage.parts).toEqual([
      { __typename: 'TextPart', text: 'A ' },
      { __typename: 'ImagePart', url: 'https://example.com/mole.png', detail: 'HIGH' },
      { __typename: 'TextPart', text: 'mole' },
      { __typename: 'ImagePart', url: 'data:,', detail: null },
      { __typename: 'AudioPart', data: 'AA==', format: 'wav' },
      { __typename: 'FilePart', fileId: 'file-1', fileData: null, filename: null },
      { __typename: 'FilePart', fileId: null, fileData: 'data:,', filename: 'a.pdf' },
    ])
  })

  test('may call tools, and answer for them', async () => {
    const { id } = await conversationOf('Dig.')
    const call = { callId: 'call_1', name: 'dig', arguments: '{"depth":1}' }
    const asks = await alice.write(id, { role: 'ASSISTANT', toolCalls: [call] })
    expect(asks.createdMessage).toMatchObject({
      content: null,
      parts: [],
      toolCalls: [{ ...call, json: { depth: 1 } }],
    })
    const tells = await alice.write(id, { ...says('Done.', 'TOOL'), toolCallId: 'call_1' })
    expect(tells.createdMessage).toMatchObject({ role: 'TOOL', toolCallId: 'call_1', content: 'Done.' })
  })

  test('keeps an empty text, and NUL and lone halves of pairs as U+FFFD', async () => {
    const { id } = await conversationOf()
    expect((await alice.write(id, '')).createdMessage.content).toBe('')
    expect((await alice.write(id, '\0 \ud83d 😀 \ude00')).createdMessage.content).toBe('\ufffd \ufffd 😀 \ufffd')
  })

  test.each<[message: object, path: string]>([
    [{ role: 'USER' }, 'input.message'],
    [{ role: 'USER', parts: [] }, 'input.message'],
    [{ role: 'USER', content: 'x', parts: [{ text: 'y' }] }, 'input.message'],
    [says('x', 'TOOL'), 'input.message.toolCallId'],
    [{ ...says('x'), toolCallId: 'call_1' }, 'input.message.toolCallId'],
    [{ ...says('x'), toolCalls: [{ callId: '1', name: 'x', arguments: '' }] }, 'input.message.toolCalls'],
    [{ role: 'USER', parts: [{ text: 'x' }, { file: { filename: 'x' } }] }, 'input.message.parts.1.file'],
  ])('%j is InvalidInput at %s, and is not written', async (message, path) => {
    const { id } = await conversationOf()
    expect(await alice.write.refuse(id, message)).toMatchObject({ __typename: 'InvalidInput', path })
    expect(await threadOf(alice, id)).toEqual([])
  })
})

describe('the place of a message', () => {
  test('is after parentId, where a branch begins', async () => {
    const { id, ids } = await conversationOf('One.', 'Two.', 'Three.')
    await alice.write(id, 'Other two.', { parentId: ids[0] })
    expect(await threadOf(alice, id)).toEqual(['One.', 'Other two.'])
    expect(await threadOf(alice, id, ids[2])).toEqual(['One.', 'Two.', 'Three.'])
    expect(await threadOf(alice, id, ids[1])).toEqual(['One.', 'Two.'])
  })

  test('is beside what it replaces: an edit, a sibling, at the root too', async () => {
    const { id, ids, leaf } = await conversationOf('One.', 'Two.', 'Three.')
    const edit = (await alice.write(id, 'Two, edited.', { replaces: ids[1] })).createdMessage
    expect(edit.parent).toEqual({ id: ids[0] })
    expect(await leaf()).toBe(edit.id)
    expect(await threadOf(alice, id)).toEqual(['One.', 'Two, edited.'])
    const siblings = (await alice.messages(id)).edges.at(-1)?.node.siblings
    expect(siblings).toEqual([{ id: ids[1] }, { id: edit.id }])

    const root = (await alice.write(id, 'One, edited.', { replaces: ids[0] })).createdMessage
    expect(root.parent).toBeNull()
    expect((await alice.messages(id)).edges).toMatchObject([{ node: { siblings: [{ id: ids[0] }, { id: root.id }] } }])
    expect(await threadOf(alice, id, ids[2])).toEqual(['One.', 'Two.', 'Three.'])
  })

  test('is one: parentId and replaces do not go together', async () => {
    const { id, ids } = await conversationOf('One.', 'Two.')
    const failure = await alice.write.refuse(id, 'x', { parentId: ids[0], replaces: ids[1] })
    expect(failure).toMatchObject({ __typename: 'InvalidInput', path: 'input.replaces' })
  })

  test.each(['parentId', 'replaces'])('is in its own conversation: another for %s is NotFound', async (name) => {
    const [here, there] = [await conversationOf('One.'), await conversationOf('Two.')]
    for (const other of [there.ids[0], here.id, 'nonsense']) {
      const failure = await alice.write.refuse(here.id, 'x', { [name]: other })
      expect(failure).toMatchObject({ __typename: 'NotFound' })
    }
    expect(await threadOf(alice, here.id)).toEqual(['One.'])
  })

  test('is not after an answer that is still written, and is after it has ended', async () => {
    const hold = gate()
    upstream.reply(...chunks('A mo'), hold.wait, ...chunks('le.'), finish('stop'), done())
    const viewer = alice.start(crypto.randomUUID(), 'What digs?')
    const [snapshot] = await readTo('A mo', viewer)
    const completion = await alice.completion(snapshot?.completionId ?? '')
    const id = completion?.conversation?.id ?? ''
    expect(await alice.write.refuse(id, 'And?')).toMatchObject({
      __typename: 'ConversationBusy',
      completion: { id: completion?.id },
    })
    hold.open()
    endOf(await viewer.rest())
    await alice.write(id, 'And?')
    expect(await threadOf(alice, id)).toEqual(['What digs?', 'A mole.', 'And?'])
  })
})

describe('the messages of a conversation', () => {
  test('read page by page, either way and in any size, are the path, and no other branch', async () => {
    const { id, ids } = await conversationOf('1', '2', '3', '4', '5', '6', '7')
    const branch = (await alice.write(id, 'Other 3.', { parentId: ids[1] })).createdMessage.id
    for (const [leafId, path] of [
      [ids[6], ids],
      [ids[3], ids.slice(0, 4)],
      [undefined, [...ids.slice(0, 2), branch]],
    ] as const) {
      for (const size of [1, 2, 3, 7, 200]) {
        for (const way of ['forwards', 'backwards'] as const) {
          expect(await walk((page) => alice.messages(id, { ...page, leafId }), size, way)).toEqual(path)
        }
      }
    }
  })

  test('between two cursors are those between', async () => {
    const { id, ids } = await conversationOf('1', '2', '3', '4', '5')
    const cursors = (await alice.messages(id)).edges.map(({ cursor }) => cursor)
    const between = { after: cursors[0], before: cursors[4] }
    const idsOf = async (page: object) => (await alice.messages(id, page)).edges.map(({ node }) => node.id)
    expect(await idsOf(between)).toEqual(ids.slice(1, 4))
    expect(await idsOf({ ...between, first: 2 })).toEqual(ids.slice(1, 3))
    expect(await idsOf({ ...between, last: 2 })).toEqual(ids.slice(2, 4))
    expect(await idsOf({ after: cursors[4] })).toEqual([])
    expect(await idsOf({ before: cursors[0] })).toEqual([])
  })

  test('do not lead to a leaf of another conversation, to none, or to one that was deleted', async () => {
    const [here, there] = [await conversationOf('One.', 'Two.'), await conversationOf('Two.')]
    const deleted = here.ids[1] ?? ''
    await alice.erase(deleted)
    for (const leafId of [there.ids[0], deleted, here.id, 'nothing']) {
      await expect(alice.messages(here.id, { leafId })).rejects.toMatchObject({
        errors: [{ message: 'There is no such message in this conversation.', extensions: { code: 'NOT_FOUND' } }],
      })
    }
  })

  test.each(['after', 'before'])('do not take for %s what is not on the path', async (bound) => {
    const { id, ids } = await conversationOf('1', '2', '3')
    const branch = (await alice.write(id, 'Other 2.', { parentId: ids[0] })).createdMessage.id
    const cursors = new Map<string, string>()
    for (const leafId of [ids[2], branch]) {
      for (const { cursor, node } of (await alice.messages(id, { leafId })).edges) cursors.set(node.id, cursor)
    }
    const [elsewhere] = (await alice.messages((await conversationOf('1')).id)).edges
    for (const [leafId, cursor] of [
      [ids[2], cursors.get(branch)],
      [branch, cursors.get(ids[1] ?? '')],
      [ids[1], cursors.get(ids[2] ?? '')],
      [ids[2], elsewhere?.cursor],
      [ids[2], crypto.randomUUID()],
    ]) {
      await expect(alice.messages(id, { leafId, [bound]: cursor })).rejects.toMatchObject({
        errors: [{ message: expect.stringContaining(bound), extensions: { code: 'BAD_USER_INPUT' } }],
      })
    }
  })

  test('that are asked for wrongly are no harm to others of the same operation', async () => {
    const { id } = await conversationOf('One.')
    const document = `query ($id: ID!) {
      right: conversation(id: $id) { messages { edges { node { content } } } }
      wrong: conversation(id: $id) { messages(after: "nonsense") { edges { cursor } } }
    }`
    const { data, errors } = await execute(url, document, { id }, { as: 'alice' })
    expect(data).toEqual({ right: { messages: { edges: [{ node: { content: 'One.' } }] } }, wrong: null })
    expect(errors).toMatchObject([{ path: ['wrong', 'messages'], extensions: { code: 'BAD_USER_INPUT' } }])
  })

  test('say of an empty page, too, what is before and after it', async () => {
    const { id } = await conversationOf('1', '2')
    const [first, last] = (await alice.messages(id)).edges.map(({ cursor }) => cursor)
    for (const [page, before, after] of [
      [{ first: 0 }, false, true],
      [{ last: 0 }, true, false],
      [{ after: last }, true, false],
      [{ before: first }, false, true],
      [{ after: first, before: last }, true, true],
    ] as const) {
      const { edges, pageInfo } = await alice.messages(id, page)
      expect([edges, pageInfo]).toMatchObject([[], { hasPreviousPage: before, hasNextPage: after }])
    }
  })

  test.each(badPages)('do not take %j', async (page, named) => {
    const { id } = await conversationOf('One.')
    await expect(alice.messages(id, page)).rejects.toMatchObject({
      errors: [{ message: expect.stringContaining(named), extensions: { code: 'BAD_USER_INPUT' } }],
    })
  })
})

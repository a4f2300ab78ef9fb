import { afterAll, describe, expect, test } from 'vitest'
import { eventsAfter, summary } from '../../harness/conversation-events.ts'
import { walk } from '../../harness/pages.ts'
import { createPerson, endOf, readTo, says, threadOf } from '../../harness/person.ts'
import { startServer } from '../../harness/server.ts'
import { chunk, chunks, done, finish, gate, silence, startScriptedUpstream } from '../../harness/upstream.ts'

const upstream = await startScriptedUpstream()
const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl })
afterAll(() => upstream.close())

const [alice, bob, cleo, mallory] = ['alice', 'bob', 'cleo', 'mallory'].map((name) => createPerson(url, name)) as [
  Person,
  Person,
  Person,
  Person,
]
type Person = ReturnType<typeof createPerson>

/** A conversation of alice's, with bob as an EDITOR and cleo as a VIEWER, in which she has written these. */
async function conversationOf(...contents: string[]) {
  const { id } = await alice.converse()
  await alice.add(id, await bob.id(), 'EDITOR')
  await alice.add(id, await cleo.id(), 'VIEWER')
  const ids: string[] = []
  for (const content of contents) ids.push((await alice.write(id, content)).createdMessage.id)
  return {
    id,
    ids: ids as [string, ...string[]],
    leafOf: async (who: Person) => (await who.conversation(id))?.currentLeaf?.id,
  }
}

describe('a deleted message', () => {
  test('is gone, and what was written after it stays', async () => {
    const { id, ids } = await conversationOf('1', '2', '3', '4')
    const [one = '', two = '', three = ''] = ids
    expect(await alice.erase(two)).toEqual({ deletedId: two })
    expect(await alice.message(two)).toBeNull()
    expect(await threadOf(alice, id)).toEqual(['1', '3', '4'])
    const { edges } = await alice.messages(id)
    expect(edges.map(({ node }) => node.parent?.id)).toEqual([undefined, one, three])
    await expect(threadOf(alice, id, two)).rejects.toThrow('There is no such message')
    await alice.erase(one)
    await alice.erase(three)
    expect(await threadOf(alice, id)).toEqual(['4'])
    expect((await alice.messages(id)).edges).toMatchObject([{ node: { parent: null } }])
  })

  test('leaves its children as siblings of those beside it', async () => {
    const { id, ids } = await conversationOf('1', '2', '3')
    const [one = '', two = '', three = ''] = ids
    const otherTwo = (await alice.write(id, 'Other 2', { parentId: one })).createdMessage.id
    const otherThree = (await alice.write(id, 'Other 3', { parentId: two })).createdMessage.id
    await alice.erase(two)
    const { edges } = await alice.messages(id, { leafId: three })
    expect(edges.at(-1)?.node.siblings.map((sibling) => sibling.id)).toEqual([three, otherTwo, otherThree])
    expect(edges[0]?.node.siblings).toEqual([{ id: one }])
  })

  test('is no place any more: not to write after, beside, to select, to read or to delete', async () => {
    const { id, ids } = await conversationOf('1', '2')
    await alice.erase(ids[0])
    const failures = [
      await alice.write.refuse(id, 'x', { parentId: ids[0] }),
      await alice.write.refuse(id, 'x', { replaces: ids[0] }),
      await alice.ask.refuse({ parentId: ids[0], messages: [says('x')] }),
      await alice.select.refuse(ids[0]),
      await alice.markRead.refuse(ids[0]),
      await alice.erase.refuse(ids[0]),
    ]
    expect(failures.map(({ __typename }) => __typename)).toEqual(Array(6).fill('NotFound'))
  })

  test('moves whoever stood on it to the one before', async () => {
    const { id, ids, leafOf } = await conversationOf('1', '2')
    await bob.select(ids[1] ?? '')
    await alice.erase(ids[1] ?? '')
    expect([await leafOf(alice), await leafOf(bob)]).toEqual([ids[0], ids[0]])
    expect((await bob.write(id, '3')).createdMessage.parent).toEqual({ id: ids[0] })
    const { conversation } = await alice.select(ids[0])
    await alice.erase(conversation.currentLeaf?.id ?? '')
    await alice.erase(ids[0])
    expect(await leafOf(alice)).toBeUndefined()
    expect((await alice.write(id, 'Anew')).createdMessage.parent).toBeNull()
  })

  test('at the root moves whoever stood on it to the newest that is left, which the next answer is told', async () => {
    const { id, ids, leafOf } = await conversationOf('1', '2')
    const root = (await alice.write(id, 'Other 1', { replaces: ids[0] })).createdMessage.id
    await bob.select(root)
    await alice.erase(root)
    expect([await leafOf(alice), await leafOf(bob)]).toEqual([ids[1], ids[1]])
    expect(await threadOf(alice, id)).toEqual(['1', '2'])
    const { completion } = await alice.ask({ conversationId: id, messages: [says('3')] })
    expect(completion.context.messages.map(({ content }) => content)).toEqual(['1', '2', '3'])
  })

  test('still marks its place as a cursor, but on its own path alone', async () => {
    const { id, ids } = await conversationOf('1', '2', '3', '4', '5')
    const branch = (await alice.write(id, 'Other 3', { parentId: ids[1] })).createdMessage.id
    const cursors = (await alice.messages(id, { leafId: ids[4] })).edges.map(({ cursor }) => cursor)
    await alice.erase(ids[2] ?? '')
    const page = async (input: object) => {
      const { edges, pageInfo } = await alice.messages(id, { leafId: ids[4], ...input })
      return [edges.map(({ node }) => node.content).join(''), pageInfo.hasPreviousPage, pageInfo.hasNextPage]
    }
    expect(await page({ after: cursors[2] })).toEqual(['45', true, false])
    expect(await page({ before: cursors[2] })).toEqual(['12', false, true])
    expect(await page({ before: cursors[2], last: 1 })).toEqual(['2', true, true])
    expect(await page({ after: cursors[2], before: cursors[3] })).toEqual(['', true, true])
    await expect(alice.messages(id, { leafId: branch, after: cursors[2] })).rejects.toThrow('after')
    await alice.erase(ids[0])
    await alice.erase(ids[1] ?? '')
    expect(await page({ after: cursors[2] })).toEqual(['45', false, false])
    expect(await page({ after: cursors[0] })).toEqual(['45', false, false])
  })

  test('is no gap in the pages, not even where many are', async () => {
    const { id, ids } = await conversationOf(...Array.from({ length: 40 }, (_, index) => `${index}`))
    const isLeft = (index: number) => index % 3 === 0 && (index < 12 || index > 30)
    for (const [index, messageId] of ids.entries()) if (!isLeft(index)) await alice.erase(messageId)
    const left = ids.filter((_, index) => isLeft(index))
    for (const size of [1, 2, 3, 200]) {
      for (const way of ['forwards', 'backwards'] as const) {
        expect(await walk((page) => alice.messages(id, page), size, way)).toEqual(left)
      }
    }
  })

  test('is told of to whoever follows the conversation', async () => {
    const { id } = await conversationOf('1')
    const start = await bob.eventCursor(id)
    const two = (await alice.write(id, '2')).createdMessage.id
    await alice.erase(two)
    expect((await eventsAfter(start, id, alice)).map(summary)).toEqual([`MessageDeleted ${two}`])
  })

  test('keeps its idempotency key taken: the same again is NotFound', async () => {
    const { id } = await conversationOf()
    const key = { idempotencyKey: crypto.randomUUID() }
    await alice.erase((await alice.write(id, '1', key)).createdMessage.id)
    expect(await alice.write.refuse(id, '1', key)).toMatchObject({ __typename: 'NotFound' })
    expect(await threadOf(alice, id)).toEqual([])
  })

  test('is not sent to the model', async () => {
    const { id, ids } = await conversationOf('1', '2')
    await alice.erase(ids[0])
    const { completion } = await alice.ask({ conversationId: id, messages: [says('3')] })
    expect(completion.context.messages.map(({ content }) => content)).toEqual(['2', '3'])
    expect(upstream.requests.at(-1)?.body).toMatchObject({ messages: [says('2', 'user'), says('3', 'user')] })
    expect(completion.context.omittedCount).toBe(0)
  })
})

describe('a message that is deleted', () => {
  /** An answer that is held, and a question that waits for its turn behind it. */
  async function queued(question: string) {
    const hold = gate()
    upstream.reply(...chunks('A mo'), hold.wait, ...chunks('le.'), finish('stop'), done())
    const first = await alice.ask({ messages: [says('What digs?')], background: true })
    await hold.reached
    const conversationId = first.conversation?.id ?? ''
    const ifBusy = 'QUEUE'
    const waiting = alice.start(crypto.randomUUID(), { conversationId, messages: [says(question)], ifBusy })
    await waiting.next()
    const ids = (await alice.messages(conversationId)).edges.map(({ node }) => node.id)
    return { conversationId, waiting, ids, finish: hold.open, sent: upstream.requests.length }
  }

  test('while what comes after it waits for its turn is not sent', async () => {
    const { waiting, ids, finish: end, sent } = await queued('And?')
    await alice.erase(ids[0] ?? '')
    end()
    expect(endOf(await waiting.rest()).status).toBe('COMPLETED')
    const messages = [says('A mole.', 'assistant'), says('And?', 'user')]
    expect(upstream.requests[sent]?.body).toMatchObject({ messages })
  })

  test('while its answer waits for its turn is answered no more, and the model is not asked', async () => {
    const { conversationId, waiting, ids, finish: end, sent } = await queued('And?')
    await alice.erase(ids[2] ?? '')
    end()
    const { status, error, usage } = endOf(await waiting.rest())
    expect({ status, code: error?.['code'], usage: usage?.['totalTokens'] }).toEqual({
      status: 'CANCELLED',
      code: 'CANCELLED',
      usage: 0,
    })
    expect(upstream.requests).toHaveLength(sent)
    expect((await alice.conversation(conversationId))?.activeCompletions).toEqual([])
  })

  test('while others write after it is the parent of none of them', async () => {
    const { id, ids } = await conversationOf('1')
    const tops = await Promise.all(Array.from({ length: 4 }, () => alice.write(id, 'top', { parentId: ids[0] })))
    const races = tops.flatMap(({ createdMessage: { id: top } }) => [
      ...Array.from({ length: 3 }, () => alice.write(id, 'below', { parentId: top }).catch(() => null)),
      alice.erase(top),
    ])
    await Promise.all(races)
    const { edges } = await alice.messages(id, { leafId: ids[0] })
    expect(edges).toHaveLength(1)
    const left = await alice.request<{ conversation: { messages: { edges: { node: { siblings: Left[] } }[] } } }>(
      `query ($id: ID!) { conversation(id: $id) { messages(last: 1) {
        edges { node { siblings { content parent { id } } } }
      } } }`,
      { id },
    )
    type Left = { content: string; parent: { id: string } | null }
    for (const { content, parent } of left.conversation.messages.edges[0]?.node.siblings ?? []) {
      expect([content, parent]).toEqual(['below', { id: ids[0] }])
    }
  })
})

describe('a deleted answer', () => {
  test('is gone by its completion, too, and its other choices keep their index and their text', async () => {
    upstream.reply(
      chunk([
        { index: 0, delta: { content: 'A mole.' }, finish_reason: 'stop' },
        { index: 1, delta: { content: 'A vole.' }, finish_reason: 'stop' },
      ]),
      done(),
    )
    const { completion } = await alice.ask({ messages: [says('What digs?')], n: 2 })
    const [first, second] = completion.choices.map(({ message }) => message)
    await alice.erase(first?.id ?? '')
    expect((await alice.completion(completion.id))?.choices).toMatchObject([
      { index: 1, message: { content: 'A vole.' } },
    ])
    const events = await alice.watch(completion.id).rest()
    expect(events[0]).toMatchObject({ choices: [{ index: 1, content: 'A vole.' }] })
    expect(JSON.stringify(events)).not.toContain('mole')
    const siblings = (await alice.messages(completion.conversation?.id ?? '', { leafId: second?.id })).edges.at(-1)
      ?.node.siblings
    expect(siblings).toEqual([{ id: second?.id }])
  })

  test('that is still written is cancelled first, and nothing of it stays', async () => {
    upstream.reply(...chunks('A mo'), silence())
    const viewer = alice.start(crypto.randomUUID(), 'What digs?')
    const [snapshot] = await readTo('A mo', viewer)
    const completion = await alice.completion(snapshot?.completionId ?? '')
    const request = upstream.requests.at(-1)
    await alice.erase(completion?.choices[0]?.message.id ?? '')
    await request?.closed
    expect(endOf(await viewer.rest()).status).toBe('CANCELLED')
    expect((await alice.completion(completion?.id ?? ''))?.choices).toEqual([])
    expect(await threadOf(alice, completion?.conversation?.id ?? '')).toEqual(['What digs?'])
    expect(JSON.stringify(await alice.watch(completion?.id ?? '').rest())).not.toContain('A mo')
  })

  test('leaves the question to be answered again', async () => {
    const { completion, conversation } = await alice.ask('What digs?')
    await alice.erase(completion.choices[0]?.message.id ?? '')
    upstream.reply(...chunks('A vole.'), finish('stop'), done())
    await alice.ask({ conversationId: conversation?.id, messages: [] })
    expect(await threadOf(alice, conversation?.id ?? '')).toEqual(['What digs?', 'A vole.'])
  })
})

describe('who may delete a message', () => {
  test('is an OWNER, and the EDITOR who wrote it; others may not, and strangers do not find it', async () => {
    const { id, ids } = await conversationOf('1')
    const bobs = (await bob.write(id, '2', { parentId: ids[0] })).createdMessage.id
    expect(await bob.erase.refuse(ids[0])).toMatchObject({ __typename: 'Forbidden' })
    expect(await cleo.erase.refuse(bobs)).toMatchObject({ __typename: 'Forbidden' })
    expect(await mallory.erase.refuse(bobs)).toEqual(await mallory.erase.refuse('nonsense'))
    await bob.erase(bobs)
    const another = (await bob.write(id, '3', { parentId: ids[0] })).createdMessage.id
    await alice.setRole(id, await bob.id(), 'VIEWER')
    expect(await bob.erase.refuse(another)).toMatchObject({ __typename: 'Forbidden' })
    await alice.erase(another)
    expect(await threadOf(alice, id)).toEqual(['1'])
  })

  test("is, for the model's, the EDITOR who asked", async () => {
    const { id, ids } = await conversationOf('1')
    const asked = await bob.ask({ parentId: ids[0], messages: [says('2')] })
    const alices = await alice.ask({ parentId: ids[0], messages: [says('3')] })
    expect(await bob.erase.refuse(alices.completion.choices[0]?.message.id ?? '')).toMatchObject({
      __typename: 'Forbidden',
    })
    await bob.erase(asked.completion.choices[0]?.message.id ?? '')
    const erased = asked.completion.choices[0]?.message.id ?? ''
    await expect(threadOf(alice, id, erased)).rejects.toThrow('There is no such message')
  })
})

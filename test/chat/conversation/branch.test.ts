import { afterAll, describe, expect, test } from 'vitest'
import { createPerson, says, threadOf } from '../../harness/person.ts'
import { startServer } from '../../harness/server.ts'
import { startScriptedUpstream } from '../../harness/upstream.ts'

const upstream = await startScriptedUpstream()
const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl })
afterAll(() => upstream.close())

const [alice, bob, mallory] = ['alice', 'bob', 'mallory'].map((name) => createPerson(url, name)) as [
  Person,
  Person,
  Person,
]
type Person = ReturnType<typeof createPerson>

/** A conversation of alice's that bob may read, and how she writes in it after a message. */
async function shared() {
  const { id } = await alice.converse()
  await alice.add(id, await bob.id(), 'VIEWER')
  async function write(content: string, parentId?: string) {
    return (await alice.write(id, content, { parentId })).createdMessage.id
  }
  return { id, write, leafOf: async (person: Person) => (await person.conversation(id))?.currentLeaf?.id }
}

describe('to select a branch', () => {
  test('is to stand at its end, where it ends in the message, and where it passes through', async () => {
    const { id, write } = await shared()
    const one = await write('One.')
    const two = await write('Two.')
    await write('Three.')
    const other = await write('Other two.', one)
    expect(await threadOf(alice, id)).toEqual(['One.', 'Other two.'])
    await alice.select(two)
    expect(await threadOf(alice, id)).toEqual(['One.', 'Two.', 'Three.'])
    const { conversation } = await alice.select(other)
    expect(conversation.currentLeaf).toEqual({ id: other })
    expect(await threadOf(alice, id)).toEqual(['One.', 'Other two.'])
  })

  test('goes to the newest message below, wherever the forks are', async () => {
    const { id, write, leafOf } = await shared()
    const one = await write('One.')
    const two = await write('Two.', one)
    const three = await write('Three.', two)
    const four = await write('Four.', three)
    const otherTwo = await write('Other two.', one)
    await write('Other three.', two)
    const newest = await write('Other four.', three)
    await alice.select(otherTwo)
    await alice.select(one)
    expect(await leafOf(alice)).toBe(otherTwo)
    await bob.select(otherTwo)
    await bob.select(two)
    expect(await leafOf(bob)).toBe(newest)
    expect(await threadOf(bob, id)).toEqual(['One.', 'Two.', 'Three.', 'Other four.'])
    await bob.select(four)
    expect(await leafOf(bob)).toBe(four)
  })

  test('stays where the viewer is, if that is below', async () => {
    const { write, leafOf } = await shared()
    const one = await write('One.')
    const two = await write('Two.', one)
    await write('Other two.', one)
    await alice.select(two)
    await alice.select(one)
    expect(await leafOf(alice)).toBe(two)
  })

  test('finds the end of a branch that was left long ago', async () => {
    const { write, leafOf } = await shared()
    const one = await write('One.')
    const left = await write('Two.', one)
    const fork = await write('Three.', left)
    await write('Four.', fork)
    const end = await write('Other four.', fork)
    let last = one
    for (let count = 0; count < 70; count++) last = await write(`More ${count}.`, last)
    await alice.select(left)
    expect(await leafOf(alice)).toBe(end)
  })

  test('is for nobody else, and the next message goes there', async () => {
    const { id, write, leafOf } = await shared()
    const one = await write('One.')
    const two = await write('Two.', one)
    const other = await write('Other two.', one)
    await bob.select(other)
    await alice.select(two)
    expect(await leafOf(bob)).toBe(other)
    const three = (await alice.write(id, 'Three.')).createdMessage
    expect(three.parent).toEqual({ id: two })
    expect(await leafOf(bob)).toBe(other)
    await alice.ask({ conversationId: id, messages: [says('Four?')] })
    expect((await threadOf(alice, id)).slice(0, 4)).toEqual(['One.', 'Two.', 'Three.', 'Four?'])
  })

  test('a sibling is the way from one edit to the other, and back', async () => {
    const { id, write } = await shared()
    const one = await write('One.')
    const edit = (await alice.write(id, 'One, edited.', { replaces: one })).createdMessage.id
    await write('Two.', edit)
    await alice.select(one)
    expect(await threadOf(alice, id)).toEqual(['One.'])
    await alice.select(edit)
    expect(await threadOf(alice, id)).toEqual(['One, edited.', 'Two.'])
  })

  test('that the viewer may not see, or that is not there, is NotFound', async () => {
    const { write } = await shared()
    const one = await write('One.')
    const unknown = Buffer.from(`Message:${crypto.randomUUID()}`).toString('base64url')
    const failures = [
      await mallory.select.refuse(one),
      await mallory.select.refuse(unknown),
      await alice.select.refuse('nonsense'),
    ]
    expect(failures).toEqual(Array(3).fill({ __typename: 'NotFound', message: expect.any(String) }))
    expect(new Set(failures.map(({ message }) => message)).size).toBe(1)
  })
})

describe('a message marked as read', () => {
  const lastReadDocument = `query ($id: ID!) {
    conversation(id: $id) { participants { edges { node { user { name } lastReadMessage { id } } } } }
  }`
  async function lastRead(id: string) {
    type Node = { user: { name: string }; lastReadMessage: { id: string } | null }
    type Data = { conversation: { participants: { edges: { node: Node }[] } } }
    const { conversation } = await alice.request<Data>(lastReadDocument, { id })
    return conversation.participants.edges.map(({ node }) => node.lastReadMessage?.id)
  }

  test('is the last one that its reader has read, for all to see', async () => {
    const { id, write } = await shared()
    const one = await write('One.')
    expect(await lastRead(id)).toEqual([undefined, undefined])
    const { conversation } = await bob.markRead(one)
    expect(conversation).toMatchObject({ id, viewerRole: 'VIEWER' })
    expect(await lastRead(id)).toEqual([undefined, one])
  })

  test('takes nothing back that is later', async () => {
    const { id, write } = await shared()
    const [one, two] = [await write('One.'), await write('Two.')]
    await bob.markRead(two)
    await bob.markRead(one)
    expect(await lastRead(id)).toEqual([undefined, two])
    const three = await write('Three.')
    await bob.markRead(three)
    await bob.markRead(three)
    expect(await lastRead(id)).toEqual([undefined, three])
  })

  test('changes no order in the list of conversations', async () => {
    const { id, write } = await shared()
    const one = await write('One.')
    const { updatedAt } = (await alice.conversation(id)) ?? {}
    await alice.markRead(one)
    expect(await alice.conversation(id)).toMatchObject({ updatedAt })
  })

  test('that the viewer may not see is NotFound', async () => {
    const { write } = await shared()
    expect(await mallory.markRead.refuse(await write('One.'))).toMatchObject({ __typename: 'NotFound' })
  })
})

import { describe, expect, test } from 'vitest'
import { beginConversation } from '../../harness/conversation-events.ts'
import { createPerson, type Person } from '../../harness/person.ts'
import { startServer } from '../../harness/server.ts'

const { url } = await startServer()
const [alice, bob] = [createPerson(url, 'alice'), createPerson(url, 'bob')]

async function unreadBy(person: Person, id: string) {
  type Data = { conversation: { unreadCount: number } | null }
  const { conversation } = await person.request<Data>('query ($id: ID!) { conversation(id: $id) { unreadCount } }', {
    id,
  })
  return conversation?.unreadCount
}

async function writeAll(id: string, contents: readonly string[], parentId?: string) {
  const ids: string[] = []
  for (const content of contents) {
    const { createdMessage } = await alice.write(id, content, ids.length === 0 ? { parentId } : {})
    ids.push(createdMessage.id)
  }
  return ids
}

describe('the unread messages', () => {
  test('are those after the last that the viewer read, each for themselves', async () => {
    const { id, root } = await beginConversation(alice)
    await alice.add(id, await bob.id(), 'VIEWER')
    expect(await unreadBy(alice, (await alice.converse()).id)).toBe(0)
    const ids = await writeAll(id, ['2', '3', '4'])
    expect(await unreadBy(bob, id)).toBe(4)
    await bob.markRead(root)
    expect(await unreadBy(bob, id)).toBe(3)
    await bob.markRead(ids.at(-1) ?? '')
    expect([await unreadBy(bob, id), await unreadBy(alice, id)]).toEqual([0, 4])
    await alice.write(id, '5')
    expect(await unreadBy(bob, id)).toBe(1)
  })

  test("are counted on the viewer's path alone", async () => {
    const { id, root } = await beginConversation(alice)
    await alice.markRead(root)
    const [first] = await writeAll(id, ['2', '3', '4'])
    const [other] = await writeAll(id, ['Other 2', 'Other 3'], root)
    expect(await unreadBy(alice, id)).toBe(2)
    await alice.select(first ?? '')
    expect(await unreadBy(alice, id)).toBe(3)
    // Later than all on this branch.
    await alice.markRead(other ?? '')
    expect(await unreadBy(alice, id)).toBe(0)
    await alice.select(other ?? '')
    expect(await unreadBy(alice, id)).toBe(1)
  })

  test('are one less when one of them, or the last that was read, is deleted', async () => {
    const { id, root } = await beginConversation(alice)
    const ids = await writeAll(id, ['2', '3', '4'])
    await alice.markRead(ids[0] ?? '')
    await alice.erase(ids[1] ?? '')
    expect(await unreadBy(alice, id)).toBe(1)
    await alice.erase(ids[0] ?? '')
    expect(await unreadBy(alice, id)).toBe(1)
    await alice.erase(root)
    expect(await unreadBy(alice, id)).toBe(1)
  })

  test('are counted up to 100', async () => {
    const { id } = await beginConversation(alice)
    await writeAll(
      id,
      Array.from({ length: 98 }, (_, index) => `${index}`),
    )
    expect(await unreadBy(alice, id)).toBe(99)
    await writeAll(id, ['One more.', 'And another.'])
    expect(await unreadBy(alice, id)).toBe(100)
  })

  test('are none of who has left', async () => {
    const { id } = await beginConversation(alice)
    const bobId = await bob.id()
    await alice.add(id, bobId, 'VIEWER')
    type Data = { removeParticipant: { conversation: { unreadCount: number } } }
    const document = `mutation ($id: ID!, $userId: ID!) {
      removeParticipant(conversationId: $id, userId: $userId) { ... on ConversationPayload { conversation { unreadCount } } }
    }`
    const { removeParticipant } = await bob.request<Data>(document, { id, userId: bobId })
    expect(removeParticipant.conversation.unreadCount).toBe(0)
  })
})

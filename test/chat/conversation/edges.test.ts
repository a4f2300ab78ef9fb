import { describe, expect, test } from 'vitest'
import { beginConversation } from '../../harness/conversation-events.ts'
import { createPerson } from '../../harness/person.ts'
import { startServer } from '../../harness/server.ts'

const { url } = await startServer()
const [alice, bob, mallory] = [createPerson(url, 'alice'), createPerson(url, 'bob'), createPerson(url, 'mallory')]

interface Edge {
  cursor: string
  node: { id: string }
}

const createMessage = `mutation ($input: CreateMessageInput!) {
  createMessage(input: $input) { ... on MessagePayload { createdMessage { id } messageEdge { cursor node { id } } } }
}`
const updateConversation = `mutation ($id: ID!) {
  updateConversation(id: $id, input: { title: "Moles" }) {
    ... on ConversationPayload { conversationEdge { cursor node { id } } }
  }
}`
const node = 'query ($id: ID!) { node(id: $id) { __typename id ... on Participant { role user { name } } } }'

async function write(conversationId: string, content: string, place: object = {}) {
  type Data = { createMessage: { createdMessage: { id: string }; messageEdge: Edge | null } }
  const input = { conversationId, message: { role: 'USER', content }, ...place }
  return (await alice.request<Data>(createMessage, { input })).createMessage
}

describe('a message edge', () => {
  test('of a new message is that of the list of messages', async () => {
    const { id } = await beginConversation(alice)
    const { createdMessage, messageEdge } = await write(id, 'Two.')
    const { edges } = await alice.messages(id, { last: 1 })
    expect(messageEdge).toEqual({ cursor: edges[0]?.cursor, node: { id: createdMessage.id } })
    await write(id, 'Three.')
    const { edges: after } = await alice.messages(id, { after: messageEdge?.cursor })
    expect(after.map(({ node }) => node.content)).toEqual(['Three.'])
  })

  test('of an event is null for who stands on another branch', async () => {
    const { id, root } = await beginConversation(alice)
    await write(id, 'Two.')
    await alice.add(id, await bob.id(), 'VIEWER')
    const after = await alice.eventCursor(id)
    const { createdMessage } = await write(id, 'Other two.', { parentId: root })
    const [hers, his] = [alice.follow(id, { after }), bob.follow(id, { after })]
    const { edges } = await alice.messages(id, { last: 1 })
    expect((await hers.next()).value).toMatchObject({
      messageEdge: { cursor: edges[0]?.cursor, node: { id: createdMessage.id } },
    })
    expect((await his.next()).value).toMatchObject({ message: { id: createdMessage.id }, messageEdge: null })
    await Promise.all([hers.close(), his.close()])
  })
})

test("a conversation edge is that of the list of the viewer's conversations", async () => {
  const { id } = await beginConversation(alice)
  const older = await beginConversation(alice)
  await beginConversation(alice)
  type Data = { updateConversation: { conversationEdge: Edge } }
  const { conversationEdge } = (await alice.request<Data>(updateConversation, { id })).updateConversation
  const { edges } = await alice.conversations({ first: 1 })
  expect(conversationEdge).toEqual({ cursor: edges[0]?.cursor, node: { id } })
  const { edges: next } = await alice.conversations({ first: 2, after: conversationEdge.cursor })
  expect(next.map((edge) => edge.node.id)[1]).toBe(older.id)
})

describe('a participant', () => {
  test('is a node with an id of its own, the same when they come back', async () => {
    const { id } = await beginConversation(alice)
    const bobId = await bob.id()
    const participantOf = async () => (await alice.people(id)).edges[1]?.node.id ?? ''
    await alice.add(id, bobId, 'EDITOR')
    const participantId = await participantOf()
    expect(await alice.request(node, { id: participantId })).toEqual({
      node: { __typename: 'Participant', id: participantId, role: 'EDITOR', user: { name: 'bob' } },
    })
    await alice.expel(id, bobId)
    expect(await alice.request(node, { id: participantId })).toEqual({ node: null })
    await alice.add(id, bobId, 'VIEWER')
    expect(await participantOf()).toBe(participantId)
  })

  test('is visible only to those who share the conversation', async () => {
    const { id } = await beginConversation(alice)
    await alice.add(id, await bob.id(), 'VIEWER')
    // They share another conversation, and know each other by it.
    const other = await beginConversation(bob)
    await bob.add(other.id, await mallory.id(), 'EDITOR')
    const ids = (await alice.people(id)).edges.map((edge) => edge.node.id)
    const nodes = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }'
    expect(await bob.request(nodes, { ids })).toEqual({ nodes: ids.map((id) => ({ id })) })
    expect(await mallory.request(nodes, { ids })).toEqual({ nodes: [null, null] })
  })
})

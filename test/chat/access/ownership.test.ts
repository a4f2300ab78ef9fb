import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cancelCompletion, completionNode, createCompletion } from '../../harness/completion-documents.ts'
import { conversationNode, deleteConversation, updateConversation } from '../../harness/conversation-documents.ts'
import { createMessage, messageNode, messages } from '../../harness/message-documents.ts'
import {
  addParticipant,
  createInvitation,
  removeParticipant,
  updateParticipant,
} from '../../harness/participant-documents.ts'
import { createPerson, readTo, says, threadOf } from '../../harness/person.ts'
import { startServer } from '../../harness/server.ts'
import { chunks, silence, startScriptedUpstream } from '../../harness/upstream.ts'

const upstream = await startScriptedUpstream()
const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl, UPSTREAM_IDLE_MS: '600000' })
afterAll(() => upstream.close())

const [alice, bob] = [createPerson(url, 'alice'), createPerson(url, 'bob')]
const viewerId = '{ viewer { id } }'

/** What alice has: a conversation with an answer that is being written, one that is whole, and herself. */
async function begin() {
  const user = (await alice.request<{ viewer: { id: string } }>(viewerId)).viewer.id
  const { id: conversationId } = await alice.converse({ title: 'Moles' })
  const { completion: whole } = await alice.ask({
    conversationId,
    messages: [says('What digs?')],
    idempotencyKey: 'another key',
  })
  upstream.reply(...chunks('A mo'), silence())
  const conversation = whole.conversation?.id ?? ''
  const viewer = alice.start('a key', { conversationId: conversation, messages: [says('And now?')] })
  const seen = await readTo('A mo', viewer)
  const running = seen[0]?.completionId ?? ''
  const [question = '', answer = '', , unfinished = ''] = (await alice.messages(conversation)).edges.map(
    (e) => e.node.id,
  )
  const ids = { user, conversation, question, answer, unfinished, whole: whole.id, running }
  const own = (await bob.converse()).id
  const eventCursor = await alice.eventCursor(conversation)
  return { ids, own, cursor: seen.at(-1)?.cursor ?? '', eventCursor, state: await stateOf(ids, own) }
}

/** What must not change by whatever bob does. */
async function stateOf(ids: { conversation: string; running: string }, own: string) {
  const of = [alice.conversation(ids.conversation), alice.completion(ids.running), threadOf(alice, ids.conversation)]
  return Promise.all([...of, threadOf(bob, own)])
}

type World = Awaited<ReturnType<typeof begin>>
let world: World
beforeAll(async () => {
  world = await begin()
})

/** An id of the same type that names nothing. */
function unknown(id: string) {
  const [type] = Buffer.from(id, 'base64url').toString().split(':')
  return Buffer.from(`${type}:${crypto.randomUUID()}`).toString('base64url')
}

/** What bob gets, to the byte; only the id that he gave himself is taken out. */
async function bytesFor(id: string, query: string, variables: object) {
  const headers = { 'content-type': 'application/json', authorization: 'Dev bob' }
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ query, variables }),
  })
  return `${response.status} ${(await response.text()).replaceAll(id, 'the id')}`
}

async function eventsFor(id: string, input: object) {
  const place = 'watch' in input ? bob.watch(id, input.watch as object) : bob.start(crypto.randomUUID(), input)
  return JSON.stringify(await place.rest()).replaceAll(id, 'the id')
}

async function refusalOf(id: string, place: { after: string }) {
  return JSON.stringify(await bob.follow(id, place).rest()).replaceAll(id, 'the id')
}

const asks = (query: string, variables: (id: string) => object) => (id: string) => bytesFor(id, query, variables(id))
const completes = (input: (id: string) => object) =>
  asks(createCompletion, (id) => ({ input: { messages: [says('x')], ...input(id) } }))
const inHisOwn = (place: object) => ({ conversationId: world.own, ...place })
const writes = (input: (id: string) => object) =>
  asks(createMessage, (id) => ({ input: { message: says('x'), ...input(id) } }))

const doors: [name: string, ask: (id: string) => Promise<string>][] = [
  ['node, as a completion', asks(completionNode, (id) => ({ id }))],
  ['node, as a message', asks(messageNode, (id) => ({ id }))],
  ['node, as a conversation', asks(conversationNode, (id) => ({ id }))],
  [
    'nodes',
    asks('query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }', (id) => ({ ids: [id, world.own, id] })),
  ],
  ['conversation', asks(messages, (id) => ({ id }))],
  ['completion', asks('query ($id: ID!) { completion(id: $id) { id status } }', (id) => ({ id }))],
  ['a leafId', asks(messages, (id) => ({ id: world.own, leafId: id }))],
  ['updateConversation', asks(updateConversation, (id) => ({ id, input: { title: 'Mine' } }))],
  [
    'updateConversation with a wrong value',
    asks(updateConversation, (id) => ({ id, input: { defaults: { topP: 2 } } })),
  ],
  ['deleteConversation', asks(deleteConversation, (id) => ({ id }))],
  ['addParticipant', asks(addParticipant, (id) => ({ conversationId: id, userId: world.ids.user, role: 'VIEWER' }))],
  ['updateParticipant', asks(updateParticipant, (id) => ({ conversationId: id, userId: id, role: 'VIEWER' }))],
  ['updateParticipant in his own', asks(updateParticipant, (id) => inHisOwn({ userId: id, role: 'VIEWER' }))],
  ['removeParticipant', asks(removeParticipant, (id) => ({ conversationId: id, userId: world.ids.user }))],
  ['removeParticipant in his own', asks(removeParticipant, (id) => inHisOwn({ userId: id }))],
  ['createInvitation', asks(createInvitation, (id) => ({ input: { conversationId: id, role: 'EDITOR' } }))],
  ['createMessage', writes((id) => ({ conversationId: id }))],
  ['createMessage after it', writes((id) => ({ conversationId: world.own, parentId: id }))],
  ['createMessage in its place', writes((id) => ({ conversationId: world.own, replaces: id }))],
  ['createMessage in it, after it', writes((id) => ({ conversationId: world.ids.conversation, parentId: id }))],
  ['createCompletion', completes((id) => ({ conversationId: id }))],
  ['createCompletion, queued', completes((id) => ({ conversationId: id, ifBusy: 'QUEUE' }))],
  ['createCompletion, interrupting', completes((id) => ({ conversationId: id, ifBusy: 'INTERRUPT' }))],
  ['createCompletion, unstored', completes((id) => ({ conversationId: id, store: false }))],
  ['createCompletion after it', completes((id) => ({ parentId: id }))],
  ['createCompletion in his own, after it', completes((id) => ({ conversationId: world.own, parentId: id }))],
  ['createCompletion to answer it again', completes((id) => ({ parentId: id, messages: [] }))],
  ['createCompletion with her key', completes((id) => ({ conversationId: id, idempotencyKey: 'a key' }))],
  ['cancelCompletion', asks(cancelCompletion, (id) => ({ id }))],
  ['completionStream, to watch', (id) => eventsFor(id, { watch: {} })],
  ['completionStream, to watch from her cursor', (id) => eventsFor(id, { watch: { after: world.cursor } })],
  ['completionStream, to start there', (id) => eventsFor(id, { messages: [says('x')], conversationId: id })],
  ['conversationEvents', (id) => refusalOf(id, { after: 'x' })],
  ['conversationEvents after her cursor', (id) => refusalOf(id, { after: world.eventCursor })],
  ['completionStream, to start after it', (id) => eventsFor(id, { messages: [says('x')], parentId: id })],
]

describe("what is not the viewer's does not exist for them", () => {
  test.each(doors)('by %s: the same bytes as for an id of nothing, and nothing changes', async (_, ask) => {
    const sent = upstream.requests.length
    for (const id of Object.values(world.ids)) expect(await ask(id)).toBe(await ask(unknown(id)))
    expect(upstream.requests).toHaveLength(sent)
    expect(await stateOf(world.ids, world.own)).toEqual(world.state)
  })

  test('and for its owner it does, so that the bytes above can tell', async () => {
    for (const id of Object.values(world.ids)) {
      const document = 'query ($id: ID!) { node(id: $id) { id } }'
      expect(await alice.request(document, { id })).toEqual({ node: { id } })
      expect(await bob.request(document, { id })).toEqual({ node: null })
    }
    expect(world.state).toMatchObject([
      {},
      { status: 'IN_PROGRESS' },
      ['What digs?', 'Hello world', 'And now?', 'A mo'],
      [],
    ])
    expect((await alice.conversations()).edges).toHaveLength(1)
    expect((await bob.conversations({ first: 200 })).edges.map(({ node }) => node.id)).toEqual([world.own])
  })

  test("a cursor of hers on a completion of his tells nothing more than a cursor of nobody's", async () => {
    const { completion } = await bob.ask({ messages: [says('Mine?')], store: false })
    const nobody = world.cursor.replace(/^[0-9a-f-]{36}/, crypto.randomUUID())
    expect(nobody).not.toBe(world.cursor)
    // A rejection repeats the cursor that was given.
    const events = async (after: string) => {
      return JSON.stringify(await bob.watch(completion.id, { after }).rest()).replaceAll(after, 'given')
    }
    expect(await events(world.cursor)).toBe(await events(nobody))
  })

  test("a cursor of her list is his own list's place, with nothing of hers", async () => {
    const [edge] = (await alice.conversations()).edges
    for (const page of [{ after: edge?.cursor }, { before: edge?.cursor }]) {
      for (const { node } of (await bob.conversations(page)).edges) expect(node.id).toBe(world.own)
    }
  })

  test('her key is free for him', async () => {
    const asked = await bob.ask({ messages: [says('Mine?')], store: false, idempotencyKey: 'another key' })
    expect(asked).toMatchObject({ replayed: false, completion: { requester: { name: 'bob' } } })
  })
})

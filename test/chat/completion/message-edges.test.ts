import { afterAll, describe, expect, test } from 'vitest'
import { subscribe } from '../../harness/client.ts'
import { createPerson, type Person, says } from '../../harness/person.ts'
import { startServer } from '../../harness/server.ts'
import { chunks, done, finish, gate, startScriptedUpstream } from '../../harness/upstream.ts'

const upstream = await startScriptedUpstream()
const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl })
afterAll(() => upstream.close())

const [alice, bob] = [createPerson(url, 'alice'), createPerson(url, 'bob')]

interface Edge {
  cursor: string
  node: { id: string; content: string | null; status: string }
}

interface Payload {
  completion: { id: string }
  conversation: { id: string } | null
  replayed: boolean
  messageEdges: Edge[]
}

const createCompletion = `mutation ($input: CreateCompletionInput!) {
  createCompletion(input: $input) {
    ... on CreateCompletionPayload {
      replayed completion { id } conversation { id } messageEdges { cursor node { id content status } }
    }
  }
}`

const completionStream = `subscription ($input: CompletionStreamInput!) {
  completionStream(input: $input) {
    ... on CompletionSnapshot { completion { id } messageEdges { cursor node { id content status } } }
  }
}`

async function ask(input: object, person = alice): Promise<Payload> {
  return (await person.request<{ createCompletion: Payload }>(createCompletion, { input })).createCompletion
}

/** Of the first event. */
async function edgesOver(over: 'websocket' | 'sse', as: string, input: object): Promise<Edge[]> {
  const events = subscribe<{ completionStream: Payload }>(url, completionStream, { input }, { as, over })
  const { value } = await events.next()
  await events.close()
  return value?.completionStream.messageEdges ?? []
}

/** As the list of messages has them, but for their text. */
async function lastEdges(person: Person, conversationId: string, last: number) {
  const { edges } = await person.messages(conversationId, { last })
  return edges.map(({ cursor, node }) => ({ cursor, node: { id: node.id } }))
}

const contentsOf = (edges: Edge[]) => edges.map(({ node }) => node.content)

describe('the message edges of a completion', () => {
  test('are the question and the answer, as the list of messages has them', async () => {
    const messages = [says('Be brief.', 'SYSTEM'), says('What digs?')]
    const first = await ask({ messages })
    expect(contentsOf(first.messageEdges)).toEqual(['Be brief.', 'What digs?', 'Hello world'])
    const conversationId = first.conversation?.id ?? ''
    expect(first.messageEdges).toMatchObject(await lastEdges(alice, conversationId, 3))

    const second = await ask({ conversationId, messages: [says('And?')] })
    expect(contentsOf(second.messageEdges)).toEqual(['And?', 'Hello world'])
    expect(second.messageEdges).toMatchObject(await lastEdges(alice, conversationId, 2))
    const { edges } = await alice.messages(conversationId, { after: first.messageEdges.at(-1)?.cursor })
    expect(edges.map(({ node }) => node.id)).toEqual(second.messageEdges.map(({ node }) => node.id))
  })

  test('are the same for a repeated key, in the background, and where the parent is answered again', async () => {
    const input = { messages: [says('What digs?')], idempotencyKey: crypto.randomUUID() }
    const first = await ask(input)
    expect(await ask(input)).toEqual({ ...first, replayed: true })

    const hold = gate()
    upstream.reply(hold.wait, ...chunks('A mole.'), finish('stop'), done())
    const parentId = first.messageEdges[0]?.node.id
    const again = await ask({ parentId, messages: [], background: true })
    expect(again.messageEdges).toMatchObject([{ node: { content: null, status: 'STREAMING' } }])
    hold.open()
  })

  test('have one answer of several, since the others stand on branches', async () => {
    const { messageEdges, completion } = await ask({ messages: [says('What digs?')], n: 2 })
    const choices = (await alice.completion(completion.id))?.choices ?? []
    expect(choices).toHaveLength(2)
    expect(messageEdges.slice(1).map(({ node }) => node.id)).toEqual([choices[0]?.message.id])
  })

  test('are none where nothing is stored', async () => {
    expect((await ask({ messages: [says('What digs?')], store: false })).messageEdges).toEqual([])
    const completion = { messages: [says('What digs?')], store: false }
    const start = { idempotencyKey: crypto.randomUUID(), completion }
    expect(await edgesOver('websocket', 'alice', { start })).toEqual([])
  })

  test('are the newest 50 of a longer question', async () => {
    const messages = Array.from({ length: 60 }, (_, index) => says(`${index}`))
    const { messageEdges, conversation } = await ask({ messages })
    expect(messageEdges).toMatchObject(await lastEdges(alice, conversation?.id ?? '', 50))
  })

  test('are none to somebody who stands on another branch, or sees no such conversation', async () => {
    const { conversation } = await ask({ messages: [says('What digs?')] })
    const conversationId = conversation?.id ?? ''
    const [root] = (await alice.messages(conversationId)).edges
    await alice.add(conversationId, await bob.id(), 'EDITOR')
    await bob.write(conversationId, 'Elsewhere.', { parentId: root?.node.id })
    const { completion, messageEdges } = await ask({ conversationId, messages: [says('And?')] })
    expect(contentsOf(messageEdges)).toEqual(['And?', 'Hello world'])
    for (const over of ['websocket', 'sse'] as const) {
      expect(await edgesOver(over, 'alice', { watch: { completionId: completion.id } })).toEqual(messageEdges)
      expect(await edgesOver(over, 'bob', { watch: { completionId: completion.id } })).toEqual([])
      expect(await edgesOver(over, 'mallory', { watch: { completionId: completion.id } })).toEqual([])
    }
  })

  test('lack what was deleted', async () => {
    const { completion, messageEdges } = await ask({ messages: [says('What digs?'), says('And why?')] })
    await alice.erase(messageEdges[1]?.node.id ?? '')
    const edges = await edgesOver('websocket', 'alice', { watch: { completionId: completion.id } })
    expect(contentsOf(edges)).toEqual(['What digs?', 'Hello world'])
  })
})

test.each(['websocket', 'sse'] as const)('the first event of a started answer has them, over %s', async (over) => {
  const completion = { messages: [says('What digs?')] }
  const edges = await edgesOver(over, 'alice', { start: { idempotencyKey: crypto.randomUUID(), completion } })
  expect(edges).toMatchObject([{ node: { content: 'What digs?' } }, { node: { id: expect.any(String) } }])
})

import { describe, expect, test } from 'vitest'
import { assistant, createAsker, startOpenai, user } from '../../harness/openai.ts'
import { createPerson, threadOf } from '../../harness/person.ts'
import { chunks, done, finish, gate, refusal } from '../../harness/upstream.ts'

const says = (text: string) => [...chunks(text), finish('stop'), done()]

/** A server whose answers are one, two, three... and a conversation with the first of them. */
async function begin() {
  const door = await startOpenai()
  const answers = ['one', 'two', 'three', 'four']
  door.upstream.replyAlways(() => says(answers.shift() ?? 'more'))
  const { headers } = await door.ask({ messages: [user('1')] }, { 'x-conversation-id': 'new' })
  const id = headers.get('x-conversation-id') ?? ''
  const join = (messages: object[], more: object = {}) => door.ask({ messages, ...more }, { 'x-conversation-id': id })
  const sent = () => door.upstream.requests.at(-1)?.body['messages']
  return { ...door, id, join, sent, thread: () => threadOf(door.alice, id) }
}

describe('a request that joins a conversation', () => {
  test('begins one with `new`, and goes on in it by the name that the response has', async () => {
    const { id, join, thread, sent } = await begin()
    expect(await thread()).toEqual(['1', 'one'])

    const history = [user('1'), assistant('one'), user('2')]
    const { body, headers } = await join(history)
    expect(body.choices[0].message.content).toBe('two')
    expect(headers.get('x-conversation-id')).toBe(id)
    expect(sent()).toEqual(history)
    expect(await thread()).toEqual(['1', 'one', '2', 'two'])
  })

  test('can be streamed, and can be named by metadata', async () => {
    const { id, ask, thread } = await begin()
    const messages = [user('1'), assistant('one'), user('2')]
    const { text, headers } = await ask({ messages, stream: true, metadata: { conversation_id: id } })
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
    expect(headers.get('x-conversation-id')).toBe(id)
    expect(await thread()).toEqual(['1', 'one', '2', 'two'])
  })

  test('begins a branch at the first difference, and leaves what was there', async () => {
    const { join, thread, alice, id, sent } = await begin()
    await join([user('1'), assistant('one'), user('2')])
    const edited = [user('1'), assistant('one'), user('2, I mean')]
    await join(edited)
    expect(sent()).toEqual(edited)
    expect(await thread()).toEqual(['1', 'one', '2, I mean', 'three'])
    const { edges } = await alice.messages(id)
    const [first, , third] = edges.map(({ node }) => node)
    const siblings = 'query ($id: ID!) { node(id: $id) { ... on Message { siblings { content } } } }'
    type Siblings = { node: { siblings: { content: string }[] } }
    expect((await alice.request<Siblings>(siblings, { id: third?.id })).node.siblings).toEqual([
      { content: '2' },
      { content: '2, I mean' },
    ])

    const other = [user('0'), user('1')]
    await join(other)
    expect(sent()).toEqual(other)
    expect(await thread()).toEqual(['0', '1', 'four'])
    expect((await alice.request<Siblings>(siblings, { id: first?.id })).node.siblings).toEqual([
      { content: '1' },
      { content: '0' },
    ])
  })

  test('asks again where it says nothing new', async () => {
    const { join, thread, sent } = await begin()
    await join([user('1')])
    expect(sent()).toEqual([user('1')])
    expect(await thread()).toEqual(['1', 'two'])
  })

  test('recognises parts, tool calls and refusals in all the forms that clients send them back in', async () => {
    const { ask, upstream, alice } = await startOpenai()
    const call = { id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a": 1}' } }
    const picture = { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==', detail: 'low' } }
    const question = { role: 'user', content: [{ type: 'text', text: 'What is it?' }, picture] }
    const calls = { role: 'assistant', content: null, tool_calls: [call], refusal: null, annotations: [] }
    upstream.replyAlways(() => says('two'))
    const { headers } = await ask({
      messages: [question, calls, { role: 'tool', tool_call_id: 'c1', content: 'A mole' }],
      store: true,
    })
    const id = headers.get('x-conversation-id') ?? ''
    const history = [
      { ...question, content: [...question.content] },
      calls,
      { role: 'tool', tool_call_id: 'c1', content: [{ type: 'text', text: 'A mole' }] },
      { role: 'assistant', content: [{ type: 'text', text: 'two' }] },
      user('Sure?'),
    ]
    await ask({ messages: history }, { 'x-conversation-id': id })
    expect((await alice.messages(id)).edges.length).toBe(6)
  })

  test('goes on after an answer that failed, without it', async () => {
    const { join, upstream, thread } = await begin()
    upstream.reply(refusal(400, { message: 'No.' }))
    const history = [user('1'), assistant('one'), user('2')]
    const { status, headers } = await join(history)
    expect([status, headers.get('x-conversation-id')]).toEqual([400, expect.any(String)])
    await join(history)
    expect(await thread()).toEqual(['1', 'one', '2', 'two'])
  })

  test('is told that another answer is being written, and to come back', async () => {
    const { join, upstream } = await begin()
    const held = gate()
    upstream.reply(held.wait, ...says('late'))
    const first = join([user('1'), assistant('one'), user('2')])
    await held.reached
    const { status, headers, body } = await join([user('1'), assistant('one'), user('3')])
    expect([status, body.error.code, headers.get('retry-after')]).toEqual([409, 'conversation_busy', '1'])
    held.open()
    expect((await first).status).toBe(200)
  })

  test('with an Idempotency-Key writes its question once, although the conversation has grown since', async () => {
    const { id, ask, thread, upstream } = await begin()
    const headers = { 'x-conversation-id': id, 'idempotency-key': 'k' }
    const messages = [user('1'), assistant('one'), user('2')]
    const [one, other] = [await ask({ messages }, headers), await ask({ messages }, headers)]
    expect(other.body).toEqual(one.body)
    expect(await thread()).toEqual(['1', 'one', '2', 'two'])
    expect(upstream.requests.length).toBe(2)
  })

  test('of somebody else is answered as one that does not exist', async () => {
    const { id, url, alice } = await begin()
    const bob = createAsker(url, 'bob')
    const nothing = `${Buffer.from('Conversation:00000000-0000-0000-0000-000000000000').toString('base64url')}`
    const answers = []
    for (const named of [id, nothing, 'x']) {
      const { status, text } = await bob.ask({ messages: [user('1')] }, { 'x-conversation-id': named })
      answers.push([status, text])
    }
    expect(answers).toEqual([answers[0], answers[0], answers[0]])
    expect(answers[0]?.[0]).toBe(404)

    await alice.add(id, await createPerson(url, 'bob').id(), 'VIEWER')
    expect((await bob.ask({ messages: [user('1')] }, { 'x-conversation-id': id })).status).toBe(403)
  })
})

import { afterAll, describe, expect, test } from 'vitest'
import { createAsker, type OpenaiReply, send, user } from '../../harness/openai.ts'
import { createPerson, says, threadOf } from '../../harness/person.ts'
import { startServer } from '../../harness/server.ts'
import { chunks, destroy, done, finish, gate, startScriptedUpstream } from '../../harness/upstream.ts'

const globalId = (text: string) => Buffer.from(text).toString('base64url')
const nobodys = `chatcmpl-${globalId('Completion:00000000-0000-0000-0000-00000000abcd')}`
const graphqlId = (id: string) => id.slice('chatcmpl-'.length)

function by(as: string) {
  const request = (method: string, path: string, body?: object) =>
    send(url, `/chat/completions${path}`, {
      method,
      headers: { authorization: `Dev ${as}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
  return {
    get: (path: string) => request('GET', path),
    change: (path: string, body: object) => request('POST', path, body),
    remove: (path: string) => request('DELETE', path),
  }
}

const upstream = await startScriptedUpstream()
const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl })
afterAll(() => upstream.close())
let testsBegun = 0

/** A test has an alice and a bob of its own, since a list has everything that somebody has requested. */
function begin() {
  testsBegun++
  const [alice, bob] = [`alice-${testsBegun}`, `bob-${testsBegun}`]
  const asker = createAsker(url, alice)
  const ask = async (content: string, more: object = {}, headers: Record<string, string> = {}) => {
    const { body, headers: sent } = await asker.ask({ messages: [user(content)], store: true, ...more }, headers)
    return { id: String(body.id), conversationId: sent.get('x-conversation-id') ?? '' }
  }
  return { ...by(alice), ask, alice: createPerson(url, alice), bob: { ...by(bob), person: createPerson(url, bob) } }
}

const told = ({ status, body }: OpenaiReply) => [status, body.error?.param ?? null, body.error?.code ?? null]

describe('a stored completion', () => {
  test('of somebody else is answered as one that does not exist', async () => {
    const { ask, bob } = begin()
    const { id } = await ask('Hello')
    for (const path of ['', '/messages', '/messages?limit=1']) {
      const [one, other] = [await bob.get(`/${id}${path}`), await bob.get(`/${nobodys}${path}`)]
      expect(one.status).toBe(404)
      expect(one.text).toBe(other.text)
    }
    const change = { metadata: { a: 'b' } }
    expect((await bob.change(`/${id}`, change)).text).toBe((await bob.change(`/${nobodys}`, change)).text)
    expect((await bob.remove(`/${id}`)).text).toBe((await bob.remove(`/${nobodys}`)).text)
    expect((await bob.get('')).body).toEqual({
      object: 'list',
      data: [],
      first_id: null,
      last_id: null,
      has_more: false,
    })
    for (const id of ['x', 'chatcmpl-x', '%00', globalId('Completion:x')]) {
      expect((await bob.get(`/${id}`)).status).toBe(404)
    }
  })

  test('is read by a VIEWER of its conversation, and neither changed nor deleted', async () => {
    const { ask, alice, bob, get } = begin()
    const { id, conversationId } = await ask('Hello', { metadata: { a: '1' } })
    const { person } = bob
    await alice.add(conversationId, await person.id(), 'VIEWER')
    expect((await bob.get(`/${id}`)).body).toEqual((await get(`/${id}`)).body)
    expect((await bob.get(`/${id}/messages`)).body.data.length).toBe(1)
    expect(told(await bob.change(`/${id}`, { metadata: {} }))).toEqual([403, null, 'forbidden'])
    expect(told(await bob.remove(`/${id}`))).toEqual([403, null, 'forbidden'])
    expect((await bob.get('')).body.data).toEqual([])

    await alice.setRole(conversationId, await person.id(), 'EDITOR')
    expect((await bob.change(`/${id}`, { metadata: { a: '2' } })).body.metadata).toEqual({ a: '2' })
    // As in deleteMessage, the answers to other people's questions are deleted by an OWNER alone.
    expect(told(await bob.remove(`/${id}`))).toEqual([403, null, 'forbidden'])
    expect((await get(`/${id}`)).body.metadata).toEqual({ a: '2' })
    await alice.expel(conversationId, await person.id())
    expect((await bob.get(`/${id}`)).status).toBe(404)
  })

  test('that is the whole conversation is deleted with its question', async () => {
    const { ask, alice, remove } = begin()
    const { id, conversationId } = await ask('Hello')
    expect((await remove(`/${id}`)).status).toBe(200)
    expect(await alice.conversation(conversationId)).toBe(null)
    expect(await alice.completion(graphqlId(id))).toBe(null)
  })

  test('of a conversation that goes on loses its answers alone', async () => {
    const { ask, alice, remove, get } = begin()
    const { id, conversationId } = await ask('1', { n: 2 })
    await ask('2', {}, { 'x-conversation-id': conversationId })
    expect((await remove(`/${id}`)).body.deleted).toBe(true)
    expect((await get(`/${id}`)).status).toBe(404)
    expect((await get('')).body.data.map((item: { id: string }) => item.id)).not.toContain(id)
    expect(await threadOf(alice, conversationId)).toEqual(['2', 'Hello world'])
    expect(await alice.completion(graphqlId(id))).toMatchObject({ choices: [] })
  })

  test('does not take with it what was written before or after it', async () => {
    const { ask, alice, remove } = begin()
    const before = await alice.converse()
    const joined = await ask('Hello', {}, { 'x-conversation-id': before.id })
    await remove(`/${joined.id}`)
    expect(await alice.conversation(before.id)).not.toBe(null)

    const { id, conversationId } = await ask('Hello')
    await alice.write(conversationId, says('And?'))
    await remove(`/${id}`)
    expect(await threadOf(alice, conversationId)).toEqual(['Hello', 'And?'])
  })

  test('that did not end well has its error instead of an answer, and can be deleted', async () => {
    const { alice, get, change, remove } = begin()
    const { id: conversationId } = await alice.converse()
    upstream.reply(...chunks('Hel'), destroy())
    const failure = await alice.ask.refuse({ conversationId, messages: [says('Hello')] })
    expect(failure).toMatchObject({ __typename: 'UpstreamError' })
    const { edges } = await alice.messages(conversationId)
    const id = `chatcmpl-${edges.at(-1)?.node.completion?.id}`
    const reply = await get(`/${id}`)
    expect(told(reply)).toEqual([502, null, 'upstream_reset'])
    expect(reply.headers.get('x-should-retry')).toBe('false')
    expect((await get('')).body.data).toEqual([])
    expect((await change(`/${id}`, { metadata: {} })).status).toBe(502)
    expect((await remove(`/${id}`)).status).toBe(200)
    expect((await get(`/${id}`)).status).toBe(404)
  })

  test('that is still being written is a matter of later', async () => {
    const { alice, get, remove } = begin()
    const held = gate()
    upstream.reply(held.wait, ...chunks('late'), finish('stop'), done())
    const { completion } = await alice.ask({ messages: [says('Hello')], background: true })
    await held.reached
    const id = `chatcmpl-${completion.id}`
    for (const reply of [await get(`/${id}`), await get(`/${id}/messages`), await remove(`/${id}`)]) {
      expect(told(reply)).toEqual([409, null, 'conversation_busy'])
      expect(reply.headers.get('retry-after')).toBe('1')
    }
    held.open()
    await expect.poll(async () => (await get(`/${id}`)).status).toBe(200)
  })

  test('that was not stored is none', async () => {
    const { ask, get, remove } = begin()
    const { id } = await ask('Hello', { store: false })
    expect((await get(`/${id}`)).status).toBe(404)
    expect((await remove(`/${id}`)).status).toBe(404)
  })
})

describe('a request that is wrong', () => {
  test('is refused by the name of what is wrong', async () => {
    const { ask, get, change } = begin()
    const { id } = await ask('Hello')
    const refused: [string, string][] = [
      ['?limit=0', 'limit'],
      ['?limit=101', 'limit'],
      ['?limit=1.5', 'limit'],
      ['?limit=', 'limit'],
      ['?limit=x', 'limit'],
      ['?limit=1&limit=2', 'limit'],
      ['?order=up', 'order'],
      ['?after=x', 'after'],
      [`?after=${globalId('Completion:x')}`, 'after'],
      ['?metadata=x', 'metadata'],
      [`?metadata[${'k'.repeat(65)}]=x`, 'metadata[0].key'],
      [`?metadata[k]=${'v'.repeat(513)}`, 'metadata[0].value'],
      [`?${Array.from({ length: 17 }, (_, at) => `metadata[${at}]=x`).join('&')}`, 'metadata'],
      ['?stream=true', 'stream'],
      [`/${id}/messages?limit=0`, 'limit'],
      [`/${id}/messages?after=x`, 'after'],
      [`/${id}/messages?after=${globalId('Message:00000000-0000-0000-0000-00000000abcd')}`, 'after'],
      [`/${id}/messages?model=x`, 'model'],
    ]
    const outcomes = []
    for (const [path] of refused) outcomes.push([path, ...told(await get(path))])
    expect(outcomes).toEqual(refused.map(([path, param]) => [path, 400, param, 'invalid_input']))

    const changes: [object, string | null][] = [
      [{}, 'metadata'],
      [{ metadata: 'x' }, 'metadata'],
      [{ metadata: { a: 1 } }, 'metadata.a'],
      [{ metadata: { a: 'v'.repeat(513) } }, 'metadata[0].value'],
      [{ metadata: { '': 'v' } }, 'metadata[0].key'],
      [{ metadata: Object.fromEntries(Array.from({ length: 17 }, (_, at) => [at, 'x'])) }, 'metadata'],
      [{ metadata: {}, model: 'x' }, null],
    ]
    for (const [body, param] of changes) {
      expect([body, ...told(await change(`/${id}`, body))]).toEqual([body, 400, param, 'invalid_input'])
    }
    expect((await get(`/${id}`)).body.metadata).toEqual({})
  })

  test('for a method that is not there hears which ones are', async () => {
    const { ask } = begin()
    const { id } = await ask('Hello')
    for (const [path, allow] of [
      ['', 'GET, POST, OPTIONS'],
      [`/${id}`, 'GET, POST, DELETE, OPTIONS'],
      [`/${id}/messages`, 'GET, OPTIONS'],
    ]) {
      const { status, headers } = await send(url, `/chat/completions${path}`, { method: 'PUT' })
      expect([status, headers.get('allow')]).toEqual([405, allow])
    }
  })
})

test('a page of completions ends after the one with which it exceeds 8 MB', { timeout: 60_000 }, async () => {
  const { ask, get } = begin()
  const text = 'x'.repeat(3_000_000)
  const asked = []
  for (const content of ['1', '2', '3', '4']) {
    upstream.reply(...chunks(text), finish('stop'), done())
    asked.push((await ask(content)).id)
  }
  const [first, rest] = [await get(''), await get(`?after=${asked[2]}`)]
  const idsOf = ({ body }: OpenaiReply) => body.data.map((item: { id: string }) => item.id)
  expect([idsOf(first), first.body.has_more]).toEqual([asked.slice(0, 3), true])
  expect([idsOf(rest), rest.body.has_more]).toEqual([asked.slice(3), false])
})

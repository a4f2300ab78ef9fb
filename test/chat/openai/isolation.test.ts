import { afterAll, describe, expect, test } from 'vitest'
import { make, revoke } from '../../harness/api-keys.ts'
import { question, send, user } from '../../harness/openai.ts'
import { createPerson } from '../../harness/person.ts'
import { startServer } from '../../harness/server.ts'
import { chunks, done, finish, startScriptedUpstream } from '../../harness/upstream.ts'

const upstream = await startScriptedUpstream()
afterAll(() => upstream.close())
const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl })

const canaries = ['canaryquestion', 'canaryanswer', 'canarynote']
const [asked = '', answered = '', note = ''] = canaries

interface Place {
  completionId: string
  conversationId: string
}

const globalId = (type: string) => Buffer.from(`${type}:00000000-0000-0000-0000-00000000abcd`).toString('base64url')
const nothing = { completionId: `chatcmpl-${globalId('Completion')}`, conversationId: globalId('Conversation') }

/** Sends a request with an API key, and returns the status and the text of the response. */
async function sendBy(
  secret: string,
  method: string,
  path: string,
  body?: object,
  headers: Record<string, string> = {},
) {
  const authorization = `Bearer ${secret}`
  const { status, text } = await send(url, path, {
    method,
    headers: { authorization, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return { status, text }
}

type Reply = Awaited<ReturnType<typeof sendBy>>
const joined = ({ conversationId }: Place) => ({ 'x-conversation-id': conversationId })
const history = { messages: [user(asked)] }

/** Every route that names something of somebody. */
const routes: Record<string, (secret: string, place: Place) => Promise<Reply>> = {
  'GET messages': (by, { completionId: id }) => sendBy(by, 'GET', `/chat/completions/${id}/messages`),
  'GET completion': (by, { completionId: id }) => sendBy(by, 'GET', `/chat/completions/${id}`),
  'POST completion': (by, { completionId: id }) =>
    sendBy(by, 'POST', `/chat/completions/${id}`, { metadata: { note } }),
  'DELETE completion': (by, { completionId: id }) => sendBy(by, 'DELETE', `/chat/completions/${id}`),
  'POST joining by header': (by, place) => sendBy(by, 'POST', '/chat/completions', question(history), joined(place)),
  'POST joining by metadata': (by, { conversationId: conversation_id }) =>
    sendBy(by, 'POST', '/chat/completions', question({ ...history, metadata: { conversation_id } })),
  'POST joining as a stream': (by, place) =>
    sendBy(by, 'POST', '/chat/completions', question({ ...history, stream: true }), joined(place)),
}

/** The routes that name nothing of anybody. */
const commonRoutes: Record<string, (secret: string) => Promise<Reply>> = {
  'GET list': (by) => sendBy(by, 'GET', `/chat/completions?metadata[note]=${note}`),
  'GET list after': (by) => sendBy(by, 'GET', `/chat/completions?after=${nothing.completionId}`),
  'GET models': (by) => sendBy(by, 'GET', '/models'),
  'GET model': (by) => sendBy(by, 'GET', '/models/test-model'),
}

const person = (name: string) => createPerson(url, name)
const keyOf = async (name: string) => (await make(person(name))).secret

/** A conversation of alice's in which everybody but the stranger is or was, with a completion of hers. */
async function furnish() {
  upstream.reply(...chunks(answered), finish('stop'), done())
  const headers = { 'x-conversation-id': 'new', authorization: 'Dev alice', 'content-type': 'application/json' }
  const body = JSON.stringify(question({ ...history, metadata: { note } }))
  const reply = await send(url, '/chat/completions', { method: 'POST', headers, body })
  const place = { completionId: reply.body.id, conversationId: reply.headers.get('x-conversation-id') ?? '' }
  const alice = person('alice')
  for (const [name, role] of [
    ['victor', 'VIEWER'],
    ['bob', 'EDITOR'],
    ['remy', 'OWNER'],
  ] as const) {
    await alice.add(place.conversationId, await person(name).id(), role)
  }
  await alice.expel(place.conversationId, await person('remy').id())
  return place
}

const revoked = await make(person('alice'))
await revoke(person('alice'), revoked.apiKey.id)
const place = await furnish()
const alices = await keyOf('alice')

async function dump(): Promise<string> {
  const [messages, list] = [
    await person('alice').messages(place.conversationId),
    await commonRoutes['GET list']?.(alices),
  ]
  return JSON.stringify([messages, list])
}

/** Does the work, and expects that it changes nothing of alice's and asks no model. */
async function changingNothing(work: () => Promise<void>) {
  const [before, sent] = [await dump(), upstream.requests.length]
  await work()
  expect(await dump()).toBe(before)
  expect(upstream.requests.length).toBe(sent)
}

describe.each([
  ['a stranger', 'mallory'],
  ['who was removed', 'remy'],
])('for %s', (_who, name) => {
  test.each(Object.entries(routes))('%s answers as for what does not exist', async (_route, ask) => {
    const key = await keyOf(name)
    await changingNothing(async () => {
      const [one, other] = [await ask(key, place), await ask(key, nothing)]
      expect(one).toEqual(other)
      expect(one.status).toBe(404)
    })
  })

  test.each(Object.entries(commonRoutes))('%s tells nothing of others', async (_route, ask) => {
    const { status, text } = await ask(await keyOf(name))
    expect(status).toBe(200)
    for (const told of [...canaries, place.completionId]) expect(text).not.toContain(told)
  })
})

test('a revoked key gets one answer to everything', async () => {
  await changingNothing(async () => {
    const replies = [
      ...(await Promise.all(Object.values(routes).map((ask) => ask(revoked.secret, place)))),
      ...(await Promise.all(Object.values(commonRoutes).map((ask) => ask(revoked.secret)))),
    ]
    expect([...new Set(replies.map(({ status, text }) => `${status} ${text}`))]).toEqual([
      expect.stringMatching(/^401 .*invalid_api_key/),
    ])
  })
})

/** Returns the status of each route for somebody, in conversations of which nobody else changes anything. */
async function statusesOf(name: string) {
  const [key, joinedPlace, deletedPlace] = [await keyOf(name), await furnish(), await furnish()]
  const statuses: Record<string, number> = {}
  for (const [route, ask] of Object.entries(routes)) {
    statuses[route] = (await ask(key, route === 'DELETE completion' ? deletedPlace : joinedPlace)).status
  }
  return statuses
}

const served = { 'GET messages': 200, 'GET completion': 200 }
const joins = ['POST joining by header', 'POST joining by metadata', 'POST joining as a stream']
const allJoins = (status: number) => Object.fromEntries(joins.map((route) => [route, status]))

test('a VIEWER may read, and nothing else', async () => {
  const statuses = await statusesOf('victor')
  expect(statuses).toEqual({ ...served, 'POST completion': 403, 'DELETE completion': 403, ...allJoins(403) })
})

test('an EDITOR may write as well, but not delete answers to others', async () => {
  const statuses = await statusesOf('bob')
  expect(statuses).toEqual({ ...served, 'POST completion': 200, 'DELETE completion': 403, ...allJoins(200) })
})

test('an OWNER may do everything', async () => {
  const statuses = await statusesOf('alice')
  expect(statuses).toEqual({ ...served, 'POST completion': 200, 'DELETE completion': 200, ...allJoins(200) })
})

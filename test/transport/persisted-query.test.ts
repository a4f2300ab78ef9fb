import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { openDoor } from '../harness/door.ts'
import { signedIn } from '../harness/websocket-client.ts'

const query = 'query Double($of: Int!) {\n  double(of: $of)\n}'
const sha256Hash = createHash('sha256').update(query).digest('hex')
const named = {
  operationName: 'Double',
  variables: { of: 21 },
  extensions: { persistedQuery: { version: 1, sha256Hash } },
}
const whole = { operationName: 'Double', variables: { of: 21 }, query }
const refusal = { message: 'PersistedQueryNotSupported', extensions: { code: 'PERSISTED_QUERY_NOT_SUPPORTED' } }

// As its HttpLink sends it.
const accept = 'application/graphql-response+json,application/json;q=0.9'

function post(url: string, body: object, headers: Record<string, string> = { accept }) {
  const init = {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  }
  return fetch(`${url}/graphql`, init)
}

describe("a document's hash alone is refused in the words on which Apollo's persisted query link sends the document", () => {
  test('by POST', async () => {
    const { url } = await openDoor()
    const refused = await post(url, named)
    expect([refused.status, await refused.json()]).toEqual([400, { errors: [refusal] }])
    const answered = await post(url, whole)
    expect([answered.status, await answered.json()]).toEqual([200, { data: { double: 42 } }])
  })

  test('by GET, as with useGETForHashedQueries', async () => {
    const { url } = await openDoor()
    const parameters = new URLSearchParams({
      operationName: 'Double',
      variables: JSON.stringify(named.variables),
      extensions: JSON.stringify(named.extensions),
    })
    const refused = await fetch(`${url}/graphql?${parameters}`, { headers: { accept } })
    expect([refused.status, await refused.json()]).toEqual([400, { errors: [refusal] }])
  })

  test('with 200 for clients that take application/json alone', async () => {
    const { url } = await openDoor()
    const refused = await post(url, named, { accept: 'application/json' })
    expect([refused.status, await refused.json()]).toEqual([200, { errors: [refusal] }])
  })

  test('where server-sent events are asked for', async () => {
    const { url } = await openDoor()
    const refused = await post(url, named, { accept: 'text/event-stream' })
    expect(await refused.text()).toContain(JSON.stringify({ errors: [refusal] }))
  })

  test.each([
    ['with an empty query', { query: '' }],
    ['without a query', {}],
  ])('over a WebSocket, %s, which stays open', async (_, more) => {
    const { url } = await openDoor()
    const client = await signedIn(url)
    client.send({ id: '1', type: 'subscribe', payload: { ...named, ...more } })
    expect(await client.receive()).toEqual({ id: '1', type: 'error', payload: [refusal] })
    client.send({ id: '2', type: 'subscribe', payload: whole })
    expect(await client.receive()).toMatchObject({ id: '2', payload: { data: { double: 42 } } })
  })
})

test('a hash beside its document changes nothing', async () => {
  const { url } = await openDoor()
  expect(await (await post(url, { ...named, query })).json()).toEqual({ data: { double: 42 } })
  const client = await signedIn(url)
  client.send({ id: '1', type: 'subscribe', payload: { ...named, query } })
  expect(await client.receive()).toMatchObject({ payload: { data: { double: 42 } } })
})

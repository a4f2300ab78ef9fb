import { expect, test } from 'vitest'
import { openDoor } from '../harness/door.ts'

async function viewerOf(url: string, authorization?: string) {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(authorization === undefined ? {} : { authorization }) },
    body: '{"query":"{ viewer { name } }"}',
  })
  return { status: response.status, body: await response.text() }
}

test.each([
  [undefined, 'dev'],
  ['Dev dev', 'dev'],
  ['Dev alice', 'alice'],
  ['dev alice', 'alice'],
  ['Dev   alice', 'alice'],
  ['Dev Alice', 'Alice'],
  ['Dev alice@example.com', 'alice@example.com'],
  [`Dev ${'a'.repeat(64)}`, 'a'.repeat(64)],
  ['Dev Zo%C3%AB', 'Zo\u00eb'],
  ['Dev 100%', '100%'],
  ['Dev a%00', 'a%00'],
])('with Authorization %j the viewer is %s', async (authorization, name) => {
  const { url } = await openDoor()
  expect(await viewerOf(url, authorization)).toEqual({
    status: 200,
    body: JSON.stringify({ data: { viewer: { name } } }),
  })
})

test.each([
  '',
  'Dev',
  'Dev ',
  'alice',
  'Developer alice',
  'Dev alice bob',
  'Dev\talice',
  'Dev zo\u00eb',
  'Dev al\u00adice',
  `Dev ${'a'.repeat(65)}`,
  'Bearer x',
  'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.',
  'Bearer ak_canary',
  'Basic ZGV2OmRldg==',
  'Dev alice, Bearer x',
])('with Authorization %j nobody is signed in', async (authorization) => {
  const { url, resolved, log } = await openDoor()
  const { status, body } = await viewerOf(url, authorization)
  expect(status).toBe(401)
  expect(JSON.parse(body)).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] })
  expect([resolved, log]).toEqual([[], []])
})

test('every refusal is told in the same words, without what was sent', async () => {
  const { url } = await openDoor()
  const refusals = await Promise.all(['', 'Dev', 'Bearer canary', 'nonsense'].map((text) => viewerOf(url, text)))
  expect(new Set(refusals.map(({ body }) => body)).size).toBe(1)
})

test('nobody gets in by a GET, or as an event stream', async () => {
  const { url, resolved } = await openDoor()
  const headers = { authorization: 'Bearer x', accept: 'text/event-stream', 'content-type': 'application/json' }
  const got = await fetch(`${url}/graphql?query={viewer{name}}`, { headers })
  const body = '{"query":"subscription { count(to: 1) }"}'
  const streamed = await fetch(`${url}/graphql`, { method: 'POST', headers, body })
  expect([got.status, streamed.status]).toEqual([401, 401])
  expect(resolved).toEqual([])
})

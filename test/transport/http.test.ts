import { once } from 'node:events'
import { connect } from 'node:net'
import { getIntrospectionQuery } from 'graphql'
import { describe, expect, onTestFinished, test } from 'vitest'
import { execute } from '../harness/client.ts'
import { openDoor, secret } from '../harness/door.ts'
import { hostileDocuments } from '../harness/hostile-documents.ts'

const json = { 'content-type': 'application/json' }
const graphqlJson = 'application/graphql-response+json'

function post(url: string, body: string | Uint8Array | ReadableStream, headers: Record<string, string> = json) {
  return fetch(`${url}/graphql`, { method: 'POST', body, headers, duplex: 'half' } as RequestInit)
}

async function codeOf(response: Response): Promise<unknown> {
  const { errors } = (await response.json()) as { errors: [{ extensions: { code: string } }] }
  return errors[0].extensions.code
}

describe('a query over HTTP', () => {
  test('is answered by POST and by GET', async () => {
    const { url } = await openDoor()
    const query = 'query Double($of: Int!) { double(of: $of) }'
    const variables = { of: 21 }

    const posted = await post(url, JSON.stringify({ query, variables, operationName: 'Double', extensions: {} }))
    const got = await fetch(`${url}/graphql?${new URLSearchParams({ query, variables: JSON.stringify(variables) })}`)

    expect(await posted.json()).toEqual({ data: { double: 42 } })
    expect(await got.json()).toEqual({ data: { double: 42 } })
    expect(posted.headers.get('content-type')).toBe('application/json; charset=utf-8')
  })

  test('is answered in the type that the client names', async () => {
    const { url } = await openDoor()
    const body = JSON.stringify({ query: '{ viewer { name } }' })

    const typed = await post(url, body, { ...json, accept: graphqlJson })
    expect(typed.headers.get('content-type')).toBe('application/graphql-response+json; charset=utf-8')
    const events = await post(url, body, { ...json, accept: 'text/event-stream' })
    expect(await events.text()).toBe(
      ':\n\nevent: next\ndata: {"data":{"viewer":{"name":"dev"}}}\n\nevent: complete\ndata:\n\n',
    )
    const picture = await post(url, body, { ...json, accept: 'image/png' })
    expect([picture.status, await codeOf(picture)]).toEqual([406, 'NOT_ACCEPTABLE'])
  })

  test('may be the introspection that GraphiQL and code generators send', async () => {
    const { url } = await openDoor()
    const query = getIntrospectionQuery({ descriptions: true, inputValueDeprecation: true, oneOf: true })
    const { data, errors } = await execute<{ __schema: unknown }>(url, query)
    expect(errors).toBeUndefined()
    expect(data?.__schema).toBeDefined()
  })

  test('tells a wrong document with 400, but with 200 where the answer is application/json', async () => {
    const { url } = await openDoor()
    const body = JSON.stringify({ query: '{ nonsense }' })
    for (const [accept, status] of [
      ['*/*', 200],
      [graphqlJson, 400],
      ['application/json', 200],
    ] as const) {
      const response = await post(url, body, { ...json, accept })
      expect([accept, response.status, await codeOf(response)]).toEqual([accept, status, 'GRAPHQL_VALIDATION_FAILED'])
    }
  })

  test('says which variable is wrong', async () => {
    const { url } = await openDoor()
    const { status, errors } = await execute(url, 'query ($of: Int!) { double(of: $of) }', { of: 'two' })
    expect(status).toBe(400)
    expect(errors?.[0]?.extensions?.['code']).toBe('BAD_USER_INPUT')
    expect(errors?.[0]?.message).toContain('$of')
  })
})

describe('over GET', () => {
  test.each(['variables', 'extensions'])('%s that are no JSON are refused', async (name) => {
    const { url, resolved } = await openDoor()
    const response = await fetch(`${url}/graphql?${new URLSearchParams({ query: '{ broken }', [name]: '{' })}`)
    expect([response.status, await codeOf(response)]).toEqual([400, 'BAD_REQUEST'])
    expect(resolved).toEqual([])
  })

  test('an address may have question marks in it', async () => {
    const { url } = await openDoor()
    const response = await fetch(`${url}/graphql?from=?&query={viewer{name}}`)
    expect(await response.json()).toEqual({ data: { viewer: { name: 'dev' } } })
  })

  test('an address may end like that of a health check', async () => {
    const { url } = await openDoor()
    const response = await fetch(`${url}/graphql?query={viewer{name}}&from=/health`)
    expect(await response.json()).toEqual({ data: { viewer: { name: 'dev' } } })
  })

  test.each(['mutation { touch }', 'subscription { count(to: 1) }'])('%s is refused', async (query) => {
    const { url, resolved } = await openDoor()
    const response = await fetch(`${url}/graphql?${new URLSearchParams({ query })}`)
    expect([response.status, response.headers.get('allow'), await codeOf(response)]).toEqual([
      405,
      'POST',
      'METHOD_NOT_ALLOWED',
    ])
    expect(resolved).toEqual([])
  })
})

describe('a body is refused before anything runs when it', () => {
  const touch = JSON.stringify({ query: 'mutation { touch }' })
  const megabyte = 'x'.repeat(1024 * 1024)
  const nested = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
  const unreadable: [string, string | Uint8Array, Record<string, string>, number, string][] = [
    ['is plain text', touch, { 'content-type': 'text/plain' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['is a form', touch, { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['is multipart', touch, { 'content-type': 'multipart/form-data; boundary=x' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    [
      'hides JSON in a simple type',
      touch,
      { 'content-type': 'text/plain; application/json' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    ['is bare GraphQL', 'mutation { touch }', { 'content-type': 'application/graphql' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    [
      'is in another charset',
      touch,
      { 'content-type': 'application/json; charset=utf-16' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    ['is compressed', touch, { ...json, 'content-encoding': 'gzip' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['is no JSON', '{"query"', json, 400, 'BAD_REQUEST'],
    ['is empty', '', json, 400, 'BAD_REQUEST'],
    [
      'is not UTF-8',
      new Uint8Array([...new TextEncoder().encode('{"query":"{ broken }'), 0xff, 0x22, 0x7d]),
      json,
      400,
      'BAD_REQUEST',
    ],
    ['is a batch', `[${touch},${touch}]`, json, 400, 'BAD_REQUEST'],
    ['is null', 'null', json, 400, 'BAD_REQUEST'],
    ['has no query', '{}', json, 400, 'BAD_REQUEST'],
    ['has a number for a query', '{"query":1}', json, 400, 'BAD_REQUEST'],
    ['has a list for variables', '{"query":"{ broken }","variables":[1]}', json, 400, 'BAD_REQUEST'],
    ['has a text for extensions', '{"query":"{ broken }","extensions":"x"}', json, 400, 'BAD_REQUEST'],
    [
      'has variables nested too deep',
      `{"query":"{ broken }","variables":{"x":${nested}}}`,
      json,
      400,
      'BAD_USER_INPUT',
    ],
    ['has only __proto__', '{"__proto__":{"query":"{ broken }"}}', json, 400, 'BAD_REQUEST'],
    ['is larger than 1 MiB', JSON.stringify({ query: '{ broken }', x: megabyte }), json, 413, 'REQUEST_TOO_LARGE'],
  ]
  test.each(unreadable)('%s', async (_what, body, headers, status, code) => {
    const { url, resolved } = await openDoor()
    const bytes = body instanceof Uint8Array ? body : new TextEncoder().encode(body)
    const response = await post(url, bytes, { accept: graphqlJson, ...headers })
    expect([response.status, await codeOf(response)]).toEqual([status, code])
    expect(resolved).toEqual([])
  })

  test('says that it will be larger than 1 MiB', async () => {
    const { url } = await openDoor()
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    onTestFinished(() => void socket.destroy())
    const head =
      'POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 52428800\r\n\r\n'
    socket.write(head)
    const [answer] = await once(socket, 'data')
    expect(String(answer)).toMatch(/^HTTP\/1.1 413 /)
  })

  test('is larger than 1 MiB without having said so', async () => {
    const { url } = await openDoor()
    const body = new ReadableStream({
      start(controller) {
        for (let sent = 0; sent < 50; sent++) controller.enqueue(new TextEncoder().encode(megabyte))
        controller.close()
      },
    })
    const response = await post(url, body)
    expect([response.status, await codeOf(response)]).toEqual([413, 'REQUEST_TOO_LARGE'])
  })
})

test.each(Object.entries(hostileDocuments))('a document with %s is refused with 400', async (_what, query) => {
  const { url, resolved } = await openDoor()
  const { status, errors } = await execute(url, query)
  expect(status).toBe(400)
  expect(errors?.[0]?.extensions?.['code']).toMatch(/^GRAPHQL_(PARSE|VALIDATION)_FAILED$/)
  expect(resolved).toEqual([])
})

test('a document is not even read beyond the limit of tokens', async () => {
  const { url } = await openDoor()
  const { errors } = await execute(url, `{ broken ${'@sudo '.repeat(5_000)} }`)
  expect(errors).toMatchObject([{ extensions: { code: 'GRAPHQL_PARSE_FAILED' } }])
})

test('a document is refused the second time as it was the first', async () => {
  const { url } = await openDoor()
  const first = await execute(url, '{ nonsense }')
  expect(await execute(url, '{ nonsense }')).toEqual(first)
})

describe('a page of another origin', () => {
  const [own, friend, evil] = ['own', 'https://friend.example', 'https://evil.example']
  const preflight = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' }

  test.each([
    [own, null],
    [friend, friend],
    [evil, null],
    ['null', null],
    ['https://friend.example.evil.example', null],
  ])('%s is told to read answers by Access-Control-Allow-Origin: %s', async (from, told) => {
    const { url } = await openDoor({ allowedOrigins: [friend, 'https://second.example'] })
    const origin = from === own ? url : from
    const asked = await fetch(`${url}/graphql`, { method: 'OPTIONS', headers: { origin, ...preflight } })
    const answered = await post(url, JSON.stringify({ query: '{ viewer { name } }' }), { ...json, origin })
    const refused = await post(url, '{}', { ...json, origin, authorization: 'Bearer x' })
    for (const response of [asked, answered, refused]) {
      expect(response.headers.get('access-control-allow-origin')).toBe(told)
      expect(response.headers.get('access-control-allow-credentials')).toBeNull()
      expect(response.headers.get('vary')).toBe('origin')
    }
  })
})

describe('what is wrong inside', () => {
  test.each(['{ broken }', '{ illTyped }'])(
    '%s is told without a detail, and found in the log by its id',
    async (query) => {
      const { url, log } = await openDoor()
      const { status, data, errors } = await execute<object>(url, query)
      expect(status).toBe(200)
      expect(data).toEqual({ [query.slice(2, -2)]: null })
      expect(errors).toMatchObject([
        { message: 'Internal server error', extensions: { code: 'INTERNAL_SERVER_ERROR' } },
      ])
      expect(JSON.stringify(errors)).not.toContain(secret)
      const requestId = String(errors?.[0]?.extensions?.['requestId'])
      expect(log.find((line) => line.includes(requestId))).toContain(secret)
    },
  )

  test('a code that a resolver chose is told, with its sentence', async () => {
    const { url, log } = await openDoor()
    const { errors } = await execute(url, '{ forbidden }')
    expect(errors).toMatchObject([{ message: 'Not for you.', path: ['forbidden'], extensions: { code: 'FORBIDDEN' } }])
    expect(log).toEqual([])
  })

  test('what cannot be served now is 503 UNAVAILABLE', async () => {
    const { url } = await openDoor()
    const { status, errors } = await execute(url, '{ viewer { name } }', {}, { as: 'nobody-can-serve' })
    expect([status, errors?.[0]?.extensions?.['code']]).toEqual([503, 'UNAVAILABLE'])
    expect(JSON.stringify(errors)).not.toContain(secret)
  })
})

test('an operation learns through its signal that its client has left', async () => {
  const { url, parked, aborted } = await openDoor()
  const leaving = new AbortController()
  const body = JSON.stringify({ query: '{ waiting }' })
  const answer = fetch(`${url}/graphql`, { method: 'POST', headers: json, body, signal: leaving.signal })
  await parked.happened
  leaving.abort()
  await expect(answer).rejects.toThrow()
  await aborted.happened
})

test('a client that breaks off while it sends harms nobody and is no error', async () => {
  const { url, log } = await openDoor()
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.write(
    'POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"que',
  )
  await once(socket, 'ready')
  socket.resetAndDestroy()
  expect((await execute(url, '{ viewer { name } }')).status).toBe(200)
  expect(log).toEqual([])
})

test('a subscription needs a client that takes event streams', async () => {
  const { url, resolved } = await openDoor()
  const body = JSON.stringify({ query: 'subscription { count(to: 1) }' })
  const response = await post(url, body, { ...json, accept: 'application/json' })
  expect([response.status, await codeOf(response)]).toEqual([406, 'NOT_ACCEPTABLE'])
  expect(resolved).toEqual([])
})

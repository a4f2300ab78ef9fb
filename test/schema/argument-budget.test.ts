import { afterAll, describe, expect, test } from 'vitest'
import { execute, RequestError, subscribe } from '../harness/client.ts'
import { createPerson } from '../harness/person.ts'
import { startServer } from '../harness/server.ts'
import { startScriptedUpstream } from '../harness/upstream.ts'

const upstream = await startScriptedUpstream()
const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl })
afterAll(() => upstream.close())

const alice = createPerson(url, 'alice')
const half = 'x'.repeat(524_000)
const previewOf = (extraBody: string) =>
  `contextPreview(input: { messages: [{ role: USER, content: "x" }], extraBody: ${extraBody} }) { __typename }`
const writingOf = (content: string) =>
  `createMessage(input: { conversationId: "x", message: { role: USER, content: ${content} } }) { __typename }`
const twice = (one: string) => `a: ${one} b: ${one} c: ${one}`
const [anywhere, places] = ['conversation(id: "x") { ...f }', 'fragment f on Conversation']
const started = `completionStream(input: { start: {
  idempotencyKey: "k", completion: { messages: [{ role: USER, content: $v }, { role: USER, content: $v }, { role: USER, content: $v }] }
} }) { __typename }`

describe('a text of half a megabyte that is used three times is refused before anything runs', () => {
  test.each<[where: string, document: string]>([
    ['as a variable in a list in a JSON literal', `query ($v: String) { ${previewOf('{ a: [$v $v $v] }')} }`],
    [
      'as a variable in objects there',
      `query ($v: String) { ${previewOf('{ a: { b: $v }, c: [{ d: $v }], e: $v }')} }`,
    ],
    ['as a variable in three aliases', `mutation ($v: String!) { ${twice(writingOf('$v'))} }`],
    [
      'as a variable in a fragment',
      `mutation ($v: String!) { ...f } fragment f on Mutation { ${twice(writingOf('$v'))} }`,
    ],
    [
      'as a variable in a fragment that is spread three times',
      `query ($v: String!) { ${twice(anywhere)} } ${places} { messages(after: $v) { __typename } }`,
    ],
    [
      'as a literal in a fragment that is spread three times',
      `{ ${twice(anywhere)} } ${places} { messages(after: "${half}") { __typename } }`,
    ],
    ['as the default of a variable', `mutation ($w: String! = "${half}") { ${twice(writingOf('$w'))} }`],
  ])('%s', async (_, document) => {
    const { status, errors } = await execute(url, document, document.includes('$v') ? { v: half } : {}, { as: 'alice' })
    expect(status).toBe(413)
    expect(errors).toMatchObject([{ extensions: { code: 'REQUEST_TOO_LARGE' } }])
    expect(errors?.[0]?.message).toMatch(/arguments .* 1572\d{3} bytes, .* 1048576/)
  })

  test.each(['websocket', 'sse'] as const)('as a variable of a subscription over %s', async (over) => {
    const events = subscribe(url, `subscription ($v: String!) { ${started} }`, { v: half }, { as: 'alice', over })
    const refusal = await events.next().catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(RequestError)
    expect((refusal as RequestError).errors).toMatchObject([{ extensions: { code: 'REQUEST_TOO_LARGE' } }])
    expect(upstream.requests).toEqual([])
  })
})

describe('a text of half a megabyte', () => {
  test('is taken once, beside variables that are used often', async () => {
    const { id } = await alice.converse()
    const document = `mutation ($v: String!, $id: ID!) { ${twice(writingOf('"x"').replaceAll('"x", ', '$id, '))}
      d: createMessage(input: { conversationId: $id, message: { role: USER, content: $v } }) { ... on MessagePayload { createdMessage { role } } }
    }`
    const { data } = await execute(url, document, { v: half, id }, { as: 'alice' })
    expect(data).toMatchObject({ d: { createdMessage: { role: 'USER' } } })
  })

  test('is not counted where the operation that runs has no use for it', async () => {
    const document = `query Small { viewer { name } } mutation Large($v: String!) { ${twice(writingOf('$v'))} }`
    const body = { query: document, operationName: 'Small', variables: { v: half } }
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    expect(await response.json()).toEqual({ data: { viewer: { name: 'dev' } } })
  })
})

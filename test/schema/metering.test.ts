import { afterAll, describe, expect, test } from 'vitest'
import { busyConversation } from '../harness/busy-conversation.ts'
import { execute } from '../harness/client.ts'
import { createPerson, type Person, says } from '../harness/person.ts'
import { startServer } from '../harness/server.ts'
import { startScriptedUpstream } from '../harness/upstream.ts'

const upstream = await startScriptedUpstream()
afterAll(() => upstream.close())

const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl, LIMIT_REQUESTS_PER_MINUTE: '3' })
let people = 0
const somebody = () => createPerson(url, `person-${++people}`)

async function requestsLeft(person: Person) {
  type Data = { viewer: { quota: { requestsRemaining: number } } }
  return (await person.request<Data>('{ viewer { quota { requestsRemaining } } }')).viewer.quota.requestsRemaining
}

/** The codes of the errors that came. */
async function codesOf(name: string, document: string, variables: object = {}) {
  const { errors = [] } = await execute(url, document, { ...variables }, { as: name })
  return errors.map(({ extensions }) => extensions?.['code'])
}

const preview = 'query ($input: CreateCompletionInput!) { contextPreview(input: $input) { __typename } }'
const write = `mutation ($content: String!) {
  createMessage(input: { conversationId: "nowhere", message: { role: USER, content: $content } }) { __typename }
}`
// Such a long token is not even looked up.
const entry = `acceptInvitation(token: "${'x'.repeat(101)}") { __typename }`
const entries = `mutation { ${Array.from({ length: 10 }, (_, at) => `e${at}: ${entry}`).join(' ')} }`

describe('a question that is refused for its own sake is paid for', () => {
  test.each<[why: string, input: object, refusal: string]>([
    ['it is too long', { messages: [says('mole '.repeat(100))], context: { tokenBudget: 1 } }, 'ContextTooLong'],
    ['its place does not exist', { conversationId: 'nowhere', messages: [says('x')] }, 'NotFound'],
    ['it has a key that is not known', { parentId: 'x', messages: [], idempotencyKey: 'a key' }, 'NotFound'],
  ])('where %s', async (_, input, refusal) => {
    const person = somebody()
    expect(await person.ask.refuse(input)).toMatchObject({ __typename: refusal })
    expect(await requestsLeft(person)).toBe(2)
    await person.ask.refuse(input)
    await person.ask.refuse(input)
    expect(await person.ask.refuse(input)).toMatchObject({ __typename: 'RateLimited' })
    const [event] = await person.start('another key', input).rest()
    expect(event).toMatchObject({ error: { __typename: 'RateLimited' } })
  })

  test('but not where its conversation is busy, nor where its key is known and it would be refused by now', async () => {
    const person = somebody()
    const { conversationId, finish, viewer } = await busyConversation(upstream, person)
    const input = { conversationId, messages: [says('And when?')], idempotencyKey: 'a key' }
    expect(await person.ask.refuse(input)).toMatchObject({ __typename: 'ConversationBusy' })
    expect(await requestsLeft(person)).toBe(2)
    finish()
    await viewer.rest()
    const { completion } = await person.ask(input)
    expect(await requestsLeft(person)).toBe(1)
    await person.request('mutation ($id: ID!) { deleteMessage(id: $id) { __typename } }', {
      id: (await person.messages(conversationId)).edges[0]?.node.id,
    })
    expect(await person.ask(input)).toMatchObject({ replayed: true, completion: { id: completion.id } })
    expect(await requestsLeft(person)).toBe(1)
  })

  test('which is found before any of its history is read or its tokens are counted', async () => {
    const person = somebody()
    for (let count = 0; count < 3; count++) await person.ask({ messages: [says('x')], store: false })
    const refusal = await person.ask.refuse({ messages: [says('mole '.repeat(100))], context: { tokenBudget: 1 } })
    expect(refusal).toMatchObject({ __typename: 'RateLimited' })
  })
})

describe('a person may in a minute', () => {
  test('preview ten questions for each request', async () => {
    const input = { messages: [says('x')] }
    const codes = await Promise.all(Array.from({ length: 40 }, () => codesOf('previewer', preview, { input })))
    expect(codes.filter(([code]) => code === undefined)).toHaveLength(30)
    expect(codes.filter(([code]) => code === 'RATE_LIMITED')).toHaveLength(10)
    expect(await requestsLeft(createPerson(url, 'previewer'))).toBe(3)
  })

  test('write 32 MB, counted before anything is looked up', async () => {
    const content = 'x'.repeat(1_000_000)
    for (let megabytes = 0; megabytes < 33; megabytes++) expect(await codesOf('writer', write, { content })).toEqual([])
    const { data, errors } = await execute(url, write, { content }, { as: 'writer' })
    expect(data).toEqual({ createMessage: null })
    expect(errors).toMatchObject([
      { path: ['createMessage'], extensions: { code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) } },
    ])
    expect(await codesOf('another-writer', write, { content })).toEqual([])
  })

  test('preview as often as before after previews that were refused for their bytes', async () => {
    const content = 'x'.repeat(1_000_000)
    for (let megabytes = 0; megabytes < 33; megabytes++) await codesOf('big-previewer', write, { content })
    const [big, small] = [content, 'x'].map((text) => ({ input: { messages: [says(text)] } }))
    for (let count = 0; count < 30; count++) {
      expect(await codesOf('big-previewer', preview, big)).toEqual(['RATE_LIMITED'])
    }
    expect(await codesOf('big-previewer', preview, small)).not.toContain('RATE_LIMITED')
  })

  test('change something 3,000 times', async () => {
    for (let changes = 0; changes < 3_000; changes += 10) expect(await codesOf('guest', entries)).toEqual([])
    expect(await codesOf('guest', 'mutation { createConversation(input: {}) { __typename } }')).toEqual([
      'RATE_LIMITED',
    ])
  })
})

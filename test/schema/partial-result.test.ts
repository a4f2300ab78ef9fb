import { describe, expect, test } from 'vitest'
import { execute } from '../harness/client.ts'
import { startServer } from '../harness/server.ts'

const { url } = await startServer()
const tooMany = { extensions: { code: 'BAD_USER_INPUT' } }

describe('a field that fails with an entry in `errors` is null, and its siblings are as they are', () => {
  test('among mutations', async () => {
    const document = `mutation {
      wrong: createConversation(input: { title: "Moles" }) { ...On }
      right: createConversation(input: { title: "Voles" }) { ... on ConversationPayload { conversation { title } } }
    }
    fragment On on ConversationPayload { conversation { messages(first: 201) { edges { cursor } } } }`
    expect(await execute(url, document)).toMatchObject({
      status: 200,
      data: { wrong: null, right: { conversation: { title: 'Voles' } } },
      errors: [{ ...tooMany, path: ['wrong', 'conversation', 'messages'] }],
    })
  })

  test.each([
    'conversations(first: 201) { edges { cursor } }',
    'searchMessages(query: "moles", first: 201) { edges { cursor } }',
  ])('among queries: %s', async (wrong) => {
    expect(await execute(url, `{ wrong: ${wrong} viewer { name } }`)).toMatchObject({
      status: 200,
      data: { wrong: null, viewer: { name: 'dev' } },
      errors: [{ ...tooMany, path: ['wrong'] }],
    })
  })
})

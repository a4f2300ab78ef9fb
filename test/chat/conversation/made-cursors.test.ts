import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { execute } from '../../harness/client.ts'
import { createPerson } from '../../harness/person.ts'
import { startServer } from '../../harness/server.ts'

const { url } = await startServer()
const alice = createPerson(url, 'alice')
const { id } = await alice.converse({ title: 'The mole' })
await alice.write(id, 'A mole digs.')

const uuid = '0198c0de-0000-7000-8000-000000000000'
const dashes = '-'.repeat(36)
const encoded = (text: string) => Buffer.from(text).toString('base64url')

const listed = 'query ($after: String) { conversations(after: $after) { edges { cursor } } }'
const found = 'query ($after: String) { searchMessages(query: "mole", after: $after) { edges { cursor } } }'
const searchName = createHash('sha256').update('["mole",null]').digest('base64url').slice(0, 8)
const inMessages = `query ($after: String) {
  conversation(id: "${id}") { messages(after: $after) { edges { cursor } } }
}`
const inPeople = `query ($after: String) {
  conversation(id: "${id}") { participants(after: $after) { edges { cursor } } }
}`

test.each([
  ['conversations', listed, `1_${dashes}`],
  ['conversations', listed, `1_${uuid}\0`],
  ['found messages', found, `${searchName}_1e300_${uuid}`],
  ['found messages', found, `${searchName}_1e-300_${uuid}`],
  ['found messages', found, `${searchName}_1.1.1_${uuid}`],
  ['found messages', found, `${searchName}_0.1_${dashes}`],
  ['messages', inMessages, dashes],
  ['messages', inMessages, `${uuid}\0`],
  ['participants', inPeople, dashes],
  ['participants', inPeople, `1_${dashes}`],
  ['participants', inPeople, `User:${uuid}`],
])('of %s, a cursor made by hand is none', async (_, query, made) => {
  for (const after of [made, encoded(made)]) {
    const { errors } = await execute(url, query, { after }, { as: 'alice' })
    const message = expect.stringMatching(/^after: is not a cursor of this (list|search)/)
    expect(errors).toMatchObject([{ message, extensions: { code: 'BAD_USER_INPUT' } }])
  }
})

test.each([
  ['conversations', listed, `1_${uuid}`],
  ['found messages', found, `${searchName}_0_${uuid}`],
  ['found messages', found, `${searchName}_1e-40_${uuid}`],
])('of %s, a cursor that the server could have made leads to the rest', async (_, query, made) => {
  const { data, errors } = await execute<object>(url, query, { after: encoded(made) }, { as: 'alice' })
  expect([errors, Object.values(data ?? {})]).toEqual([undefined, [{ edges: [] }]])
})

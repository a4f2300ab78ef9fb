import { expect, test } from 'vitest'
import { execute } from '../../harness/client.ts'
import { createPerson, type Person } from '../../harness/person.ts'
import { startServer } from '../../harness/server.ts'

const { url } = await startServer()
const [alice, bob] = [createPerson(url, 'alice'), createPerson(url, 'bob')]

const path = `query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
  conversation(id: $id) {
    messages(first: $first, after: $after, last: $last, before: $before) {
      edges { node { id } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
}`

interface Page {
  edges: { node: { id: string } }[]
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string; endCursor: string }
}

async function pageOf(id: string, range: object): Promise<Page> {
  return (await alice.request<{ conversation: { messages: Page } }>(path, { id, ...range })).conversation.messages
}

const idsIn = ({ edges }: Page) => edges.map(({ node }) => node.id)

/** Messages of 900,000 characters. */
async function writeLong(person: Person, conversationId: string, count: number): Promise<string[]> {
  const ids: string[] = []
  for (let number = 0; number < count; number++) {
    ids.push((await person.write(conversationId, 'x'.repeat(900_000))).createdMessage.id)
  }
  return ids
}

const thread = (await alice.converse()).id
await alice.add(thread, await bob.id(), 'EDITOR')
// Each of them may store 32 MB in a minute.
const ids = [...(await writeLong(alice, thread, 20)), ...(await writeLong(bob, thread, 20))]

test('a page of long messages ends before it has more than 8 MB, and the next pages have the rest', async () => {
  const pages: string[][] = []
  for (let after: string | null = null; ; ) {
    const page: Page = await pageOf(thread, { first: 50, after })
    pages.push(idsIn(page))
    if (!page.pageInfo.hasNextPage) break
    after = page.pageInfo.endCursor
  }
  expect(pages.flat()).toEqual(ids)
  expect(pages.map((page) => page.length)).toEqual([10, 10, 10, 10])
})

test('the last page of long messages is their end, and says that there are more before it', async () => {
  const last = await pageOf(thread, { last: 50 })
  expect(idsIn(last)).toEqual(ids.slice(-10))
  expect(last.pageInfo.hasPreviousPage).toBe(true)
  const before = await pageOf(thread, { last: 3, before: last.pageInfo.startCursor })
  expect(idsIn(before)).toEqual(ids.slice(-13, -10))
})

test('more than 32 MB of messages at once are refused before they are read', async () => {
  const nodes = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }'
  const few = await execute<{ nodes: unknown[] }>(url, nodes, { ids: ids.slice(0, 37) }, { as: 'alice' })
  expect(few.data?.nodes).toHaveLength(37)
  const { data, errors = [] } = await execute<{ nodes: unknown[] }>(url, nodes, { ids }, { as: 'alice' })
  expect(new Set(errors.map(({ extensions }) => extensions?.['code']))).toEqual(new Set(['COST_EXCEEDED']))
  expect(new Set(data?.nodes)).toEqual(new Set([null]))
})

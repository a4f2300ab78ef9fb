import { type DocumentNode, getIntrospectionQuery, Kind, parse, print, type TypeNode, visit } from 'graphql'
import { describe, expect, test } from 'vitest'
import * as page from '../../../src/web/generated/graphql.ts'
import { execute, subscribe } from '../../harness/client.ts'
import { completionNode, createCompletion } from '../../harness/completion-documents.ts'
import { conversationEvents } from '../../harness/conversation-documents.ts'
import { searchMessages } from '../../harness/message-documents.ts'
import { participants } from '../../harness/participant-documents.ts'
import { startServer } from '../../harness/server.ts'

const budget = 25_000
const [usual, narrow] = await Promise.all([
  startServer({ LIMIT_COST: `${budget}` }),
  startServer({ LIMIT_COST: '5000' }),
])

interface Refused {
  message: string
  extensions: { code: string; cost: number; budget: number }
}

/** What the server says of the cost of a document; null where it takes it. */
async function refusalOf(document: string, variables: object = {}, { url } = usual): Promise<Refused | null> {
  const { errors = [], status } = await execute(url, document, { ...variables }, { as: 'alice' })
  const refused = errors.find(({ extensions }) => extensions?.['code'] === 'COST_EXCEEDED')
  if (refused) expect(status).toBe(400)
  return (refused as Refused | undefined) ?? null
}

async function costOf(document: string, variables: object = {}) {
  return (await refusalOf(document, variables))?.extensions.cost
}

const nested = (...fields: string[]) => fields.reduceRight((inner, field) => `${field} { ${inner} }`, '__typename')
const siblings = (levels: number) => nested('node(id: "x")', '... on Message', ...Array(levels).fill('siblings'))
const messages = (...pages: string[]) =>
  nested('conversation(id: "x")', ...pages.flatMap((size) => [`messages${size}`, 'edges', 'node', 'conversation']))

describe('an operation that can cost more than the budget is refused before it runs', () => {
  test.each([
    ['siblings of siblings', `{ ${siblings(4)} }`, 1_608_040_201],
    ['pages of pages', `{ ${messages('(first: 200)', '(last: 200)')} }`, 84_622],
    ['pages of no size', `{ ${messages('', '', '')} }`, 270_407],
    [
      'the same by aliases',
      `{ ${Array.from({ length: 3 }, (_, i) => `a${i}: ${messages('', '(first: 80)')}`).join(' ')} }`,
      25_671,
    ],
  ])('%s', async (_name, document, cost) => {
    expect((await refusalOf(document))?.extensions).toEqual({ code: 'COST_EXCEEDED', cost, budget })
  })

  test('fragments count as often as they occur', async () => {
    const fragment = `fragment Many on Conversation { messages(first: 200) { edges { node { id parent { id } } } } }`
    const times = (count: number) =>
      `{ ${Array.from({ length: count }, (_, i) => `a${i}: conversation(id: "x") { ...Many }`).join(' ')} } ${fragment}`
    expect(await refusalOf(times(50))).toBeNull()
    expect(await costOf(times(65))).toBe(65 * 422)
  })

  test('of the types that may stand in one place, the dearest counts', async () => {
    const member = (type: string, size: number) =>
      `... on ${type} { completion { conversation { messages(first: ${size}) { edges { node { siblings { id } } } } } } }`
    const document = (size: number) =>
      `mutation { createCompletion(input: { messages: [] }) { ${['ConversationBusy', 'UpstreamError'].map((type) => member(type, size)).join(' ')} } }`
    expect(await refusalOf(document(120))).toBeNull()
    expect(await costOf(document(124))).toBe(25_041)
  })

  test('over a WebSocket and as server-sent events, for one event of a subscription', async () => {
    const document = `subscription ($id: ID!) { conversationEvents(conversationId: $id, after: "x") { ... on MessageCreated { message { ${nested('siblings', 'siblings')} } } } }`
    for (const over of ['websocket', 'sse'] as const) {
      const events = subscribe(usual.url, document, { id: 'x' }, { as: 'alice', over })
      await expect(events.next()).rejects.toMatchObject({
        errors: [{ extensions: { code: 'COST_EXCEEDED', cost: 40_202, budget } }],
      })
    }
  })

  test('a mutation has up to 20 fields, written out', async () => {
    const fragment = 'fragment Some on Mutation { a: markRead(messageId: "x") { __typename } }'
    const of = (count: number) =>
      `mutation { ${Array.from({ length: count }, (_, i) => `a${i}: markRead(messageId: "x") { __typename }`).join(' ')} ...Some } ${fragment}`
    expect((await execute(usual.url, of(19))).errors).toBeUndefined()
    expect((await execute(usual.url, of(20))).errors).toMatchObject([
      {
        message: 'One operation may have up to 20 mutations, and this one has 21.',
        extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
      },
    ])
  })
})

describe('the size of a page', () => {
  const inner = nested('edges', 'node', 'siblings')
  const paged = (size: string, definition = '$n: Int') =>
    `query (${definition}) { conversation(id: "x") { messages(${size}: $n) { ${inner} } } }`
  const each = 201.1

  test.each([
    ['first', 130],
    ['last', 200],
  ])('is what a variable says, as %s', async (size, n) => {
    expect(await costOf(paged(size), { n })).toBe(Math.ceil(2 + n * each))
    expect(await refusalOf(paged(size), { n: 100 })).toBeNull()
  })

  test('is its default where the variable is absent, and the usual one where it is null', async () => {
    const withDefault = paged('first', '$n: Int = 150')
    expect(await costOf(withDefault)).toBe(Math.ceil(2 + 150 * each))
    expect(await refusalOf(withDefault, { n: null })).toBeNull()
    expect(await refusalOf(paged('first'))).toBeNull()
    expect(
      await costOf(
        `{ a: conversation(id: "x") { messages { ${inner} } } b: conversation(id: "x") { messages { ${inner} } } c: conversation(id: "x") { messages { ${inner} } } }`,
      ),
    ).toBe(Math.ceil(3 * (2 + 50 * each)))
  })

  test('counts no more than a page can have, and no less than nothing: the field itself refuses what is beyond', async () => {
    const sizeOf = async (n: unknown) => {
      const { errors } = await execute(usual.url, 'query ($n: Int) { conversations(first: $n) { edges { cursor } } }', {
        n,
      })
      return errors?.[0]
    }
    for (const n of [-1, -(2 ** 31), 201, 2 ** 31 - 1]) {
      expect(await sizeOf(n)).toMatchObject({ message: expect.stringContaining('takes 0 to 200') })
    }
    for (const n of [1e300, '9', 0.5, [9], {}]) expect((await sizeOf(n))?.extensions?.['code']).toBe('BAD_USER_INPUT')
    expect(await costOf(paged('first'), { n: 2 ** 31 - 1 })).toBe(Math.ceil(2 + 200 * each))
  })

  test('of `nodes` is the number of its ids, up to 200', async () => {
    const document = `query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Message { siblings { id } } } }`
    const ids = (count: number) => Array.from({ length: count }, () => 'x')
    expect(await refusalOf(document, { ids: ids(100) })).toBeNull()
    expect(await costOf(document, { ids: ids(150) })).toBe(150 * 201)
    const { errors } = await execute(usual.url, 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', {
      ids: ids(20_000),
    })
    expect(errors).toMatchObject([{ message: expect.stringContaining('200'), extensions: { code: 'BAD_USER_INPUT' } }])
  })

  test('is nothing where the field is left out', async () => {
    const document = `query ($x: Boolean!) { node(id: "x") { ... on Message { siblings @skip(if: $x) { ${nested('siblings', 'siblings')} } } } }`
    expect(await refusalOf(document, { x: true })).toBeNull()
    expect(await refusalOf(document, { x: false })).not.toBeNull()
  })
})

describe('a fifth of the budget is enough', () => {
  const isDocument = (value: unknown): value is DocumentNode => (value as DocumentNode | null)?.kind === 'Document'

  test.each(Object.values(page).filter(isDocument).map(print))('for what the page asks: %s', async (document) => {
    // Without its variables it does not run; its cost comes before that.
    expect(await refusalOf(document, {}, narrow)).toBeNull()
  })

  test('for the introspection of GraphiQL', async () => {
    const document = getIntrospectionQuery({
      inputValueDeprecation: true,
      schemaDescription: true,
      directiveIsRepeatable: true,
      specifiedByUrl: true,
    })
    const { errors } = await execute(narrow.url, document)
    expect(errors).toBeUndefined()
  })

  test.each([completionNode, conversationEvents, createCompletion, searchMessages, participants])(
    'for all that there is: %s',
    async (document) => expect(await refusalOf(document, {}, narrow)).toBeNull(),
  )

  test('for what Relay refetches by id, and for its pages', async () => {
    const document = `query ($id: ID!, $count: Int!, $cursor: String) {
      node(id: $id) { __typename id ... on Conversation {
        title
        messages(last: $count, before: $cursor) {
          edges { cursor node { __typename id role content status author { id name } completion { id status usage { totalTokens } } } }
          pageInfo { startCursor hasPreviousPage }
        }
      } }
    }`
    expect(await refusalOf(document, { count: 200 }, narrow)).toBeNull()
  })
})

const isList = ({ kind, ...type }: TypeNode): boolean =>
  kind === Kind.LIST_TYPE || ('type' in type && kind === Kind.NON_NULL_TYPE && isList(type.type))

test('the schema says of each list how long it can be', async () => {
  const unsized: string[] = []
  visit(parse(await (await fetch(`${usual.url}/schema.graphql`)).text()), {
    ObjectTypeDefinition({ name: { value: type }, fields = [] }) {
      for (const field of fields) {
        const isSized = field.directives?.some(({ name }) => name.value === 'listSize')
        // Its length is the connection's.
        const isEdges = field.name.value === 'edges' && type.endsWith('Connection')
        if (isList(field.type) && !isSized && !isEdges) unsized.push(`${type}.${field.name.value}`)
      }
    },
  })
  expect(unsized).toEqual([])
})

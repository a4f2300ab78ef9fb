import {
  type GraphQLField,
  type GraphQLOutputType,
  getNamedType,
  isInterfaceType,
  isLeafType,
  isObjectType,
  isUnionType,
} from 'graphql'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { schema } from '../../../src/schema/schema.ts'
import { createPerson, type Person, says } from '../../harness/person.ts'
import { freshDatabase, startServer } from '../../harness/server.ts'
import { copyConversations, recordStatements } from '../../harness/statements.ts'
import { startScriptedUpstream } from '../../harness/upstream.ts'

const upstream = await startScriptedUpstream()
afterAll(() => upstream.close())

const statements = recordStatements()
const [few, many] = [20, 200]
const asksInEach = 9

/** How to come to many of a type, the selection in the place of `*`. */
const ways: Record<string, string> = {
  Conversation: 'conversations(first: $rows) { edges { node { * } } }',
  Message: 'conversations(first: $rows) { edges { node { messages(last: 20) { edges { node { * } } } } } }',
  Completion:
    'conversations(first: $rows) { edges { node { messages(last: 20) { edges { node { completion { * } } } } } } }',
  Invitation: 'conversations(first: $rows) { edges { node { invitations { * } } } }',
  Participant: 'conversations(first: $rows) { edges { node { participants { edges { node { * } } } } } }',
  User: 'conversations(first: $rows) { edges { node { participants { edges { node { user { * } } } } } } }',
}

/** What a field of the query takes, for so many rows. */
const rootArguments: Record<string, string> = {
  node: '(id: $id)',
  nodes: '(ids: $ids)',
  conversation: '(id: $id)',
  completion: '(id: $id)',
  conversations: '(first: $rows)',
  contextPreview: '(input: { conversationId: $id, messages: [{ role: USER, content: "x" }] })',
  searchMessages: '(query: "world", first: $rows)',
}

interface World {
  alice: Person
  ids: { conversations: string[]; messages: string[]; completions: string[] }
}
let world: World

async function converse(alice: Person, bob: Person) {
  const { id: conversationId } = await alice.converse({ title: 'Moles' })
  await alice.add(conversationId, await bob.id(), 'EDITOR')
  for (let count = 0; count < asksInEach; count++) {
    await (count % 2 ? alice : bob).ask({ conversationId, messages: [says('What digs?')] })
  }
  const { edges } = await alice.messages(conversationId)
  const last = edges.at(-2)?.node.id
  await alice.ask({ conversationId, parentId: last, messages: [] })
  await alice.write(conversationId, 'Thanks.')
  const { createdMessage } = await alice.write(conversationId, 'Thank.')
  await alice.write(conversationId, 'Thank you.', { replaces: createdMessage.id })
}

async function idsOf(person: Person) {
  const { edges } = await person.conversations({ first: many })
  const messages = (await person.search('world', { first: many })).edges.map(({ node }) => node.id)
  type Data = { nodes: { completion: { id: string } }[] }
  const document = 'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Message { completion { id } } } }'
  const { nodes } = await person.request<Data>(document, { ids: messages })
  return {
    conversations: edges.map(({ node }) => node.id),
    messages,
    completions: nodes.map((node) => node.completion.id),
  }
}

function isNode(type: unknown) {
  return isObjectType(type) && type.getInterfaces().some(({ name }) => name === 'Node')
}

function fieldsOf(type: GraphQLOutputType | null | undefined): GraphQLField<unknown, unknown>[] {
  const named = getNamedType(type)
  return isObjectType(named) ? Object.values(named.getFields()) : []
}

function isLeaf({ type }: GraphQLField<unknown, unknown>) {
  return isLeafType(getNamedType(type))
}

/** All its fields; of nodes that they lead to, those that lead no further. */
function selectionOf(type: GraphQLOutputType, isFirst = true): string {
  const named = getNamedType(type)
  if (isLeafType(named)) return ''
  // The first member of a union is what comes when all goes well.
  const [member] = isUnionType(named) ? named.getTypes() : []
  if (member) return `... on ${member.name} { ${selectionOf(member, isFirst)} }`
  if (!isObjectType(named)) return '__typename'
  const fields = fieldsOf(named).filter((field) => isFirst || !isNode(named) || isLeaf(field))
  return fields
    .map((field) => (isLeaf(field) ? field.name : `${field.name} { ${selectionOf(field.type, false)} }`))
    .join(' ')
}

const nodeTypes = Object.values(schema.getTypeMap())
  .filter(isObjectType)
  .filter((type) => isNode(type) && fieldsOf(type).some((field) => !isLeaf(field)))
const rootFields = fieldsOf(schema.getQueryType()).filter((field) => !isLeaf(field))

/** The statements of one document, for few rows and for many. */
async function statementsFor(document: string) {
  const { alice, ids } = world
  const counted: string[][] = []
  for (const rows of [few, many]) {
    const some = Object.values(ids).flatMap((all) => all.slice(0, rows / 20))
    await alice.request(document, { rows, id: ids.conversations[0], ids: some })
    counted.push([...statements.latest()])
  }
  return counted
}

/** Without what grows with the rows in one statement, such as `IN ($1,$2)`, and in any order: what is sent at once may overtake. */
const comparable = (texts: readonly string[]) => texts.map((text) => text.replace(/\$\d+(,\$\d+)*/g, '$')).sort()

async function expectSameStatements(name: string, body: string) {
  const variables = { $rows: 'Int', $id: 'ID!', $ids: '[ID!]!' }
  const used = Object.entries(variables).filter(([variable]) => new RegExp(`\\${variable}\\b`).test(body))
  const declared = used.map((variable) => variable.join(': ')).join(', ')
  const [forFew = [], forMany = []] = await statementsFor(`query ${declared && `(${declared})`} { ${body} }`)
  console.log(`${name}: ${forFew.length} statements for ${few}, ${forMany.length} for ${many}`)
  expect(comparable(forMany)).toEqual(comparable(forFew))
}

// PGlite has the same statements above its driver.
describe.skipIf(inject('database') === 'pglite')('the number of statements', () => {
  /** 200 conversations, most of them copies, with 20 messages each: of two people and the model, and with siblings. */
  beforeAll(async () => {
    const database = await freshDatabase()
    const settings = {
      OPENAI_BASE_URL: upstream.baseUrl,
      LIMIT_REQUESTS_PER_MINUTE: '10000',
      LIMIT_COST: '1000000000',
      ...database,
    }
    const first = await startServer(settings)
    await converse(createPerson(first.url, 'alice'), createPerson(first.url, 'bob'))
    await first.close()
    await copyConversations(database, many - 1)
    const { url } = await startServer(settings)
    const alice = createPerson(url, 'alice')
    world = { alice, ids: await idsOf(alice) }
    for (const ids of Object.values(world.ids)) expect(new Set(ids).size).toBe(many)
    for (const id of world.ids.conversations.slice(0, 2)) expect((await alice.messages(id)).edges).toHaveLength(20)
  })

  test.each(nodeTypes.map((type) => [type.name, type] as const))(
    'for all of a %s is the same for many as for few',
    async (name, type) => {
      const way = ways[name]
      expect(way, `the way to many of the type ${name}`).toBeDefined()
      await expectSameStatements(name, (way ?? '').replace('*', selectionOf(type)))
    },
  )

  test.each(rootFields.map((field) => [field.name, field] as const))(
    'for Query.%s is the same for many rows as for few',
    async (name, { type }) => {
      const root = `${name}${rootArguments[name] ?? ''}`
      if (!isInterfaceType(getNamedType(type))) return expectSameStatements(name, `${root} { ${selectionOf(type)} }`)
      for (const node of nodeTypes) {
        await expectSameStatements(
          `${name} of ${node.name}`,
          `${root} { ... on ${node.name} { ${selectionOf(node)} } }`,
        )
      }
    },
  )
})

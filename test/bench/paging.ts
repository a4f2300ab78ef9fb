import pg from 'pg'
import { v7 as uuid } from 'uuid'
import { pathsSql } from '../../src/store/path-sql.ts'
import { ask } from './ask.ts'
import type { Child } from './child.ts'
import { percentile, type Result, show } from './figure.ts'
import type { Stage } from './stage.ts'

const trunkLength = 60_000
const branchCount = 4_000
const branchLength = 10
const rowsAtOnce = 10_000
const pages = 500

interface Tree {
  conversationId: string
  /** From the root to the end of the longest path. */
  trunk: string[]
}

/** Pages of 50 in a conversation of 100,000 messages and 4,000 branches, at random depths, asked for over HTTP. */
export async function paging(stage: Stage): Promise<Result[]> {
  const database = stage.databases.find(({ name }) => name === 'Postgres')
  if (database === undefined) throw new Error('it takes Postgres')
  const settings = await database.fresh()
  const server = await stage.startAntiphon(settings)
  const client = new pg.Client(settings['DATABASE_URL'])
  await client.connect()
  try {
    const tree = await grow(server, client)
    await measure(server, tree)
    const runs: Record<string, number[]>[] = []
    for (let rep = 0; rep < stage.reps; rep++) runs.push(await measure(server, tree))
    await explain(client, tree)
    return runs[0] === undefined
      ? []
      : Object.keys(runs[0]).map((way) => ({
          measure: `paging: p95 of 50 of 100,000 messages, ${way}, Postgres`,
          values: runs.map((times) => percentile(times[way] ?? [], 95)),
          unit: 'ms',
          goal: 'less than 15 ms',
        }))
  } finally {
    await client.end()
  }
}

const globalId = (id: string) => Buffer.from(`Message:${id}`).toString('base64url')

/** Made by the server, and filled in bulk behind its back: writing them one by one would take minutes. */
async function grow(server: Child, client: pg.Client): Promise<Tree> {
  type Made = { createConversation: { conversation: { id: string } } }
  const creation = 'mutation { createConversation(input: {}) { ... on ConversationPayload { conversation { id } } } }'
  const { createConversation } = await ask<Made>(server, creation, {})
  const conversationId = createConversation.conversation.id
  const [, storedId] = Buffer.from(conversationId, 'base64url').toString().split(':')
  const ids: string[] = []
  const parents: (string | null)[] = []
  const write = (parent: string | null) => {
    parents.push(parent)
    return ids.push(uuid())
  }
  for (let index = 0; index < trunkLength; index++) write(ids[index - 1] ?? null)
  const trunk = [...ids]
  for (let branch = 0; branch < branchCount; branch++) {
    write(ids[Math.floor(Math.random() * ids.length)] ?? null)
    for (let index = 1; index < branchLength; index++) write(ids.at(-1) ?? null)
  }
  for (let from = 0; from < ids.length; from += rowsAtOnce) {
    const rows = [ids, parents].map((values) => values.slice(from, from + rowsAtOnce))
    await client.query(
      `INSERT INTO messages (id, conversation_id, parent_id, role, content, status)
       SELECT id, $1, parent_id, 'USER', repeat('A mole digs. ', 20), 'COMPLETE' FROM unnest($2::uuid[], $3::uuid[]) AS m(id, parent_id)`,
      [storedId, ...rows],
    )
  }
  await client.query('UPDATE participants SET current_leaf_id = $1 WHERE conversation_id = $2', [
    trunk.at(-1),
    storedId,
  ])
  await client.query('ANALYZE')
  return { conversationId, trunk }
}

const pageQuery = `query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String, $leafId: ID) {
  conversation(id: $id) {
    messages(first: $first, after: $after, last: $last, before: $before, leafId: $leafId) {
      edges { cursor node { id role content createdAt } } pageInfo { hasNextPage hasPreviousPage }
    }
  }
}`

async function measure(server: Child, { conversationId: id, trunk }: Tree): Promise<Record<string, number[]>> {
  type Page = { conversation: { messages: { edges: { cursor: string }[] } } }
  const times: Record<string, number[]> = { forwards: [], backwards: [] }
  for (let page = 0; page < pages; page++) {
    const depth = 50 + Math.floor(Math.random() * (trunk.length - 100))
    const place = { id, leafId: globalId(trunk[depth] ?? ''), last: 1 }
    const { conversation } = await ask<Page>(server, pageQuery, place)
    const cursor = conversation.messages.edges[0]?.cursor
    for (const [way, input] of [
      ['forwards', { first: 50, after: cursor }],
      ['backwards', { last: 50, before: cursor }],
    ] as const) {
      const startMs = performance.now()
      const found = await ask<Page>(server, pageQuery, { id, ...input })
      if (found.conversation.messages.edges.length < 49) throw new Error(`a page ${way} of depth ${depth} is too short`)
      times[way]?.push(performance.now() - startMs)
    }
  }
  for (const [way, values] of Object.entries(times)) {
    const figures = [50, 95, 99].map((percent) => `p${percent} ${show(percentile(values, percent))} ms`)
    console.log(`  ${way}: ${figures.join(', ')}`)
  }
  return times
}

/** Throws where the plan reads the whole table, even though nothing forbids it to. */
async function explain(client: pg.Client, { conversationId, trunk }: Tree): Promise<void> {
  const [, storedId] = Buffer.from(conversationId, 'base64url').toString().split(':')
  const middle = trunk[trunk.length >> 1]
  const values = [[storedId], [trunk.at(-1)], [middle], [null], [false], [51]]
  const { rows } = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN (ANALYZE, COSTS OFF) ${pathsSql}`, values)
  const lines = rows.map((row) => row['QUERY PLAN'])
  for (const line of lines) if (/ on messages|Time/.test(line)) console.log(`  ${line.trim()}`)
  if (lines.some((line) => line.includes('Seq Scan on messages'))) throw new Error('the plan reads the whole table')
}

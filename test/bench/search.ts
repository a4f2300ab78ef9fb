import pg from 'pg'
import { ask } from './ask.ts'
import type { Child } from './child.ts'
import type { Result } from './figure.ts'
import { p95Of } from './latency.ts'
import type { Stage } from './stage.ts'

const conversations = 20_000
const messages = 2_000_000

/** What is sought, and how often it stands there. */
const queries: Record<string, string> = {
  common: 'in every second message',
  scarce: 'in one of 1,001',
  rare: 'in one of 100,003',
  'common scarce': 'both',
  '"tells of things"': 'a phrase in every message',
  absent: 'nowhere',
}

/** Searches by a user with 20,000 conversations and 2,000,000 messages, over HTTP. It takes minutes to write those. */
export async function search(stage: Stage): Promise<Result[]> {
  const database = stage.databases.find(({ name }) => name === 'Postgres')
  if (database === undefined) throw new Error('it takes Postgres')
  const settings = await database.fresh()
  const server = await stage.startAntiphon(settings)
  await ask(server, '{ viewer { id } }')
  await fill(settings['DATABASE_URL'])
  const results: Result[] = []
  for (const [query, place] of Object.entries(queries)) {
    const values: number[] = []
    for (let rep = 0; rep < stage.reps; rep++) values.push(await measure(server, query))
    const measure95 = `search: p95 for ${query}, ${place}, of 2,000,000 messages, Postgres`
    results.push({ measure: measure95, values, unit: 'ms', goal: 'less than 500 ms' })
  }
  return results
}

function measure(server: Child, query: string): Promise<number> {
  const document =
    'query ($query: String!) { searchMessages(query: $query) { edges { score node { id } excerpt { text } } } }'
  return p95Of(query, () => ask(server, document, { query }))
}

/** Behind the server's back and without triggers: twenty messages at a time in one conversation after the other. */
async function fill(url: string | undefined): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    const idOf = (start: string, number: string) =>
      `('${start}-0000-7000-8000-' || lpad((${number})::text, 12, '0'))::uuid`
    const index = await client.query<{ indexdef: string }>(
      `SELECT indexdef FROM pg_indexes WHERE indexname = 'messages_search_idx'`,
    )
    await client.query(
      `SET session_replication_role = replica; SET synchronous_commit = off; DROP INDEX messages_search_idx`,
    )
    await client.query(`
      INSERT INTO conversations (id) SELECT ${idOf('11111111', 'number')} FROM generate_series(0, ${conversations - 1}) AS number`)
    await client.query(`
      INSERT INTO participants (conversation_id, user_id, role) SELECT c.id, u.id, 'OWNER' FROM conversations c, users u`)
    await client.query(`
      INSERT INTO messages (id, conversation_id, depth, jump_id, jump_depth, role, content, status)
      SELECT id, ${idOf('11111111', `number / 20 % ${conversations}`)}, 0, id, 0, 'USER', concat_ws(' ', 'Message', number,
        CASE WHEN number % 2 = 0 THEN 'common' END, CASE WHEN number % 1001 = 0 THEN 'scarce' END,
        CASE WHEN number % 100003 = 0 THEN 'rare' END, 'tells of things w' || number % 997, 'and v' || number % 5003), 'COMPLETE'
      FROM (SELECT number, ${idOf('01900000', 'number')} AS id FROM generate_series(0, ${messages - 1}) AS number) AS given`)
    await client.query(index.rows[0]?.indexdef ?? '')
    await client.query('VACUUM ANALYZE')
  } finally {
    await client.end()
  }
}

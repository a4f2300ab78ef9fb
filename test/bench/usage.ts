import pg from 'pg'
import { ask } from './ask.ts'
import type { Child } from './child.ts'
import type { Result } from './figure.ts'
import { p95Of } from './latency.ts'
import type { Stage } from './stage.ts'

const completions = 1_000_000
// A query has at most 1,000 buckets.
const conversations = 900
const days = 365

const arguments_: Record<string, string> = {
  'in all': '',
  'by day': 'groupBy: [DAY], timeZone: "Asia/Kolkata"',
  'by model': 'groupBy: [MODEL]',
  'by day and model, of 90 days': `groupBy: [DAY, MODEL], from: "${daysAgo(90)}"`,
  'by conversation, of 30 days': `groupBy: [CONVERSATION], from: "${daysAgo(30)}"`,
  'by conversation': 'groupBy: [CONVERSATION]',
}

/** The usage of a user with 1,000,000 completions in 900 conversations and a year, over HTTP. */
export async function usage(stage: Stage): Promise<Result[]> {
  const database = stage.databases.find(({ name }) => name === 'Postgres')
  if (database === undefined) throw new Error('it takes Postgres')
  const settings = await database.fresh()
  const server = await stage.startAntiphon(settings)
  await ask(server, '{ viewer { id } }')
  await fill(settings['DATABASE_URL'])
  const results: Result[] = []
  for (const [name, given] of Object.entries(arguments_)) {
    const values: number[] = []
    for (let rep = 0; rep < stage.reps; rep++) values.push(await measure(server, name, given))
    const measure95 = `usage: p95 ${name}, of 1,000,000 completions, Postgres`
    results.push({ measure: measure95, values, unit: 'ms', goal: 'less than 300 ms' })
  }
  return results
}

function daysAgo(count: number): string {
  return new Date(Date.now() - count * 86_400_000).toISOString()
}

function measure(server: Child, name: string, given: string): Promise<number> {
  const document = `{ usage${given && `(${given})`} { day model conversation { id } completions usage { totalTokens } } }`
  return p95Of(name, () => ask(server, document))
}

/** Behind the server's back, but with the trigger that adds usage. */
async function fill(url: string | undefined): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    await client.query('SET synchronous_commit = off')
    const idOf = (start: string, number: string) =>
      `('${start}-0000-7000-8000-' || lpad((${number})::text, 12, '0'))::uuid`
    await client.query(`
      INSERT INTO conversations (id) SELECT ${idOf('11111111', 'number')} FROM generate_series(0, ${conversations - 1}) AS number`)
    await client.query(`
      INSERT INTO participants (conversation_id, user_id, role) SELECT c.id, u.id, 'OWNER' FROM conversations c, users u`)
    await client.query(`
      INSERT INTO completions (id, requester_id, conversation_id, stored, status, cancel_when_unwatched, model, parameters,
        context, metadata, prompt_tokens, completion_tokens, total_tokens, cached_tokens, reasoning_tokens, cost_micros,
        usage_source, created_at, finished_at)
      SELECT ${idOf('01900000', 'number')}, u.id, ${idOf('11111111', `number * 7919::bigint % ${conversations}`)}, true, 'COMPLETED', false,
        'model-' || number % 7, '{}', '{}', '[]', 100, 50, 150, 10, 0, 2000, 'PROVIDER', at, at
      FROM users u, generate_series(0, ${completions - 1}) AS number,
        LATERAL (SELECT now() - number * (interval '${days} days' / ${completions}) AS at) AS time`)
    await client.query('VACUUM ANALYZE')
  } finally {
    await client.end()
  }
}

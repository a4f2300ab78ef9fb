import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'
import pg from 'pg'
import { readSettings } from '../../src/config.ts'
import { openDatabase } from '../../src/database/database.ts'
import type { Environment } from './server-process.ts'

/**
 * Records, from now on, the SQL that a server in this process sends to Postgres for a request. It does not include statements
 * without a request, which have another asynchronous context.
 */
export function recordStatements() {
  const requests = new AsyncLocalStorage<string[]>()
  let latest: string[] = []
  subscribe('http.server.request.start', (message) => {
    // The upstream of a test runs in this process, too.
    if ((message as { request: IncomingMessage }).request.url !== '/graphql') return
    latest = []
    requests.enterWith(latest)
  })
  for (const prototype of [pg.Pool.prototype, pg.Client.prototype] as { query: Query }[]) {
    const { query } = prototype
    prototype.query = function (...given) {
      const [asked] = given
      const text = typeof asked === 'string' ? asked : asked.text
      // A call with a callback is the pool's own call on a connection, for a statement that was counted already. Statements
      // that set up a new connection belong to no request.
      const setsUp = /^\s*SET |pg_backend_pid\(\)|SELECT current_schema\(\)/.test(text)
      const isCounted = !setsUp && !given.some((value) => typeof value === 'function')
      if (isCounted) requests.getStore()?.push(text)
      return query.apply(this, given)
    }
  }
  return {
    /** Returns the statements of the latest request. */
    latest: () => latest,
  }
}

type Query = (this: object, asked: string | { text: string }, ...more: unknown[]) => unknown

/** Adds copies of all conversations, but not of their users, to a database that no server has open. */
export async function copyConversations(settings: Environment, copies: number): Promise<void> {
  const database = await openDatabase(readSettings(settings))
  for (const table of ['conversations', 'participants', 'completions', 'messages']) {
    // Ids that were created at about the same time begin with the same digits. The ids of users stay the same.
    await database.query(
      `INSERT INTO ${table} SELECT copy.* FROM ${table} original, generate_series(1, $1::int) AS number,
        (SELECT left(min(id::text), 4) AS start, array_agg(id::text) AS people FROM users) AS ids,
        LATERAL (
          SELECT jsonb_object_agg(key, CASE WHEN value #>> '{}' = ANY(people) THEN value ELSE
            replace(value::text, '"' || start, '"' || lpad(to_hex(number), 4, '0'))::jsonb END) AS row
          FROM jsonb_each(to_jsonb(original))
        ) AS changed, json_populate_record(null::${table}, row::json) AS copy`,
      [copies],
    )
  }
  await database.close()
}

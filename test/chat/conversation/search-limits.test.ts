import pg from 'pg'
import { expect, inject, test } from 'vitest'
import { execute } from '../../harness/client.ts'
import { createPerson } from '../../harness/person.ts'
import { freshDatabase, startServer } from '../../harness/server.ts'

const settings = await freshDatabase()
const { url } = await startServer(settings)

test('a user who searches more than four times at once is told to wait', async () => {
  const searches = ['a', 'b', 'c', 'd', 'e'].map(
    (alias) => `${alias}: searchMessages(query: "mole") { edges { score } }`,
  )
  const { errors } = await execute(url, `{ ${searches.join(' ')} }`)
  const refusal = {
    path: ['e'],
    message: expect.stringContaining('4 times'),
    extensions: { code: 'RATE_LIMITED', retryAfterMs: 500 },
  }
  expect(errors).toEqual([expect.objectContaining(refusal)])
  // The refusal was answered before the others had ended.
  await expect.poll(async () => (await execute(url, `{ ${searches[0]} }`)).errors).toBeUndefined()
})

// Nobody else can look into an embedded database.
if (inject('database') === 'postgres') {
  test('a search that its client has left is given up by the database', async () => {
    const person = createPerson(url, 'leaver')
    await person.write((await person.converse()).id, 'A mole')
    const client = new pg.Client(settings['DATABASE_URL'])
    await client.connect()
    // It stands still, past every limit of time, unless somebody cancels it.
    await client.query(`
      CREATE FUNCTION stand_still() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
        PERFORM pg_sleep(60); RETURN true;
      EXCEPTION WHEN query_canceled THEN
        IF SQLERRM NOT LIKE '%user request%' THEN PERFORM pg_sleep(60); END IF;
        RAISE;
      END $$;
      ALTER TABLE participants RENAME TO people;
      CREATE VIEW participants AS SELECT * FROM people WHERE stand_still()`)
    const searching = async () => {
      const text = `SELECT count(*)::int AS count FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%websearch_to_tsquery%' AND pid <> pg_backend_pid()`
      return (await client.query<{ count: number }>(text)).rows[0]?.count
    }
    const leaver = new AbortController()
    const body = JSON.stringify({ query: '{ searchMessages(query: "mole") { edges { score } } }' })
    const headers = { 'content-type': 'application/json', authorization: 'Dev leaver' }
    const left = fetch(`${url}/graphql`, { method: 'POST', headers, body, signal: leaver.signal }).catch(() => 'left')
    await expect.poll(searching).toBe(1)
    leaver.abort()
    expect(await left).toBe('left')
    await expect.poll(searching).toBe(0)
    await client.end()
  })
}

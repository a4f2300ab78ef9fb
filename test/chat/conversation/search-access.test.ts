import pg from 'pg'
import { describe, expect, inject, test } from 'vitest'
import { readSettings } from '../../../src/config.ts'
import { openDatabase } from '../../../src/database/database.ts'
import { createPerson } from '../../harness/person.ts'
import { contentsFound, writerAt } from '../../harness/search.ts'
import { freshDatabase, startServer } from '../../harness/server.ts'

const { url } = await startServer()

describe('what the viewer may not see', () => {
  test('is not found, and a conversation of it is as one that does not exist', async () => {
    const { person: alice, conversationId } = await writerAt(url, ['The secret mole'])
    const { person: bob } = await writerAt(url, ['My own mole'])
    expect(await contentsFound(bob, 'mole')).toEqual(['My own mole'])
    expect(await contentsFound(bob, 'secret')).toEqual([])
    const unknown = Buffer.from(`Conversation:${crypto.randomUUID()}`).toString('base64url')
    const [foreign, none] = await Promise.all(
      [conversationId, unknown, 'nonsense'].map((id) => bob.search('mole', { conversationId: id })),
    )
    expect(foreign).toEqual(none)
    expect(foreign?.edges).toEqual([])
    expect(await contentsFound(alice, 'mole')).toEqual(['The secret mole'])
  })

  test("is not found by its conversation's id, which is in the index", async () => {
    const { person, conversationId } = await writerAt(url, ['The secret mole'])
    const [, id = ''] = Buffer.from(conversationId, 'base64url').toString().split(':')
    const { person: stranger } = await writerAt(url, [])
    for (const query of [id, `"${id}"`, `'${id}'`, `mole or '${id}'`]) {
      expect(await contentsFound(stranger, query)).toEqual([])
    }
    expect(await contentsFound(person, id)).toEqual([])
  })

  test('includes what was deleted', async () => {
    const { person, conversationId } = await writerAt(url, ['A mole'])
    expect(await contentsFound(person, 'mole')).toEqual(['A mole'])
    await person.remove(conversationId)
    expect(await contentsFound(person, 'mole')).toEqual([])
  })
})

// What others have must not make a search slow: so it reads what the viewer may see, and that by the index. Told by the
// statistics of a Postgres that the test can ask beside the server: an embedded database has nobody else in it.
if (inject('database') === 'postgres') {
  test('a search reads no messages of others', async () => {
    const { DATABASE_URL } = await freshDatabase()
    const server = await startServer({ DATABASE_URL: DATABASE_URL ?? '' })
    const person = createPerson(server.url, 'alice')
    const { id } = await person.converse()
    await person.write(id, 'A mole')
    const client = new pg.Client(DATABASE_URL)
    await client.connect()
    await client.query(`INSERT INTO conversations (id) SELECT gen_random_uuid() FROM generate_series(1, 500)`)
    await client.query(`INSERT INTO messages (id, conversation_id, role, content, status)
    SELECT gen_random_uuid(), c.id, 'USER', 'Mole ' || number, 'COMPLETE' FROM generate_series(1, 20) AS number, conversations c
    WHERE NOT EXISTS (SELECT FROM participants WHERE conversation_id = c.id)`)
    const read = `SELECT seq_tup_read::int AS scanned, idx_tup_fetch::int AS fetched,
    (SELECT idx_scan::int FROM pg_stat_user_indexes WHERE indexrelname = 'messages_search_idx') AS searches
    FROM pg_stat_user_tables WHERE relname = 'messages'`
    /** A connection says what it did a second after the last time, with the next statement. */
    async function searchAndRead() {
      expect(await contentsFound(person, 'mole')).toEqual(['A mole'])
      return (await client.query(read)).rows[0]
    }
    for (const preparation of ['SELECT 1', 'ANALYZE']) {
      await client.query(preparation)
      await client.query('SELECT pg_stat_reset()')
      await expect.poll(searchAndRead, { timeout: 20_000 }).toMatchObject({ searches: expect.toSatisfy((n) => n > 0) })
      const { scanned, fetched, searches } = await searchAndRead()
      expect(scanned).toBe(0)
      expect(fetched / searches).toBeLessThan(10)
    }
    await client.end()
  })
}

test('a search that far too much matches has the newest of it', async () => {
  const settings = await freshDatabase()
  const first = await startServer(settings)
  await createPerson(first.url, 'alice').converse()
  await first.close()
  const database = await openDatabase(readSettings(settings))
  await database.query(`INSERT INTO messages (id, conversation_id, role, content, status)
    SELECT lpad(number::text, 32, '0')::uuid, id, 'USER', 'Mole ' || number, 'COMPLETE' FROM conversations, generate_series(1, 600) AS number`)
  await database.close()
  const person = createPerson((await startServer(settings)).url, 'alice')
  const found: (string | null)[] = []
  for (let after: string | null = null, isLast = false; !isLast; ) {
    const { edges, pageInfo } = await person.search('mole', { first: 200, after })
    found.push(...edges.map(({ node }) => node.content))
    after = pageInfo.endCursor
    isLast = !pageInfo.hasNextPage
  }
  expect(found).toEqual(Array.from({ length: 500 }, (_, index) => `Mole ${600 - index}`))
})

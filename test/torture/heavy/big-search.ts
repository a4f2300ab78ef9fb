import pg from 'pg'
import { createPerson } from '../../harness/person.ts'
import type { HeavyWork } from './work.ts'

const searchers = 8
const rounds = 5
const conversations = 20_000

/** People who search again and again for a word that stands everywhere, one of them in 20,000 conversations. */
export const bigSearch: HeavyWork = {
  name: `${searchers} searches at once for a common word`,
  async prepare({ server, database, faults }) {
    const people = Array.from({ length: searchers }, (_, index) => createPerson(server.url, `searcher-${index}`))
    for (const person of people) {
      const { id } = await person.converse()
      for (let count = 0; count < 20; count++) await person.write(id, `The common mole number ${count}`)
    }
    if (database['DATABASE_URL']) await multiply(database['DATABASE_URL'])
    return async () => {
      const found = people.map(async (person) => {
        for (let round = 0; round < rounds; round++) {
          if ((await person.search('common')).edges.length === 0)
            faults.push('a search for a common word found nothing')
        }
      })
      await Promise.all(found)
    }
  },
}

/** The people's first conversation becomes many, with all its messages: all of the first one's. */
async function multiply(url: string): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  await client.query('SET session_replication_role = replica')
  await client.query(`
    WITH made AS (INSERT INTO conversations (id) SELECT gen_random_uuid() FROM generate_series(1, ${conversations}) RETURNING id),
    joined AS (
      INSERT INTO participants (conversation_id, user_id, role)
      SELECT made.id, (SELECT author_id FROM messages ORDER BY id LIMIT 1), 'OWNER' FROM made
    )
    INSERT INTO messages (id, conversation_id, depth, jump_id, jump_depth, role, content, status)
    SELECT gen_random_uuid(), made.id, 0, made.id, 0, 'USER', 'The common mole number ' || number, 'COMPLETE'
    FROM made, generate_series(1, 5) AS number`)
  await client.end()
}

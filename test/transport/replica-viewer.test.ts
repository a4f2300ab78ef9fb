import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, expect, inject, test } from 'vitest'
import type { CompletionEvent } from '../harness/completion-documents.ts'
import { emptyPostgres } from '../harness/empty-database.ts'
import { foldEvent, storedChoices } from '../harness/folded-answer.ts'
import { contentsIn, createPerson, endOf, readTo } from '../harness/person.ts'
import { startServer } from '../harness/server.ts'
import { chunks, delta, done, finish, gate, startScriptedUpstream } from '../harness/upstream.ts'

const upstream = await startScriptedUpstream()
afterAll(() => upstream.close())

/** What is appended to the log is sent by then, and not committed before `commit`. */
async function holdCommits(databaseUrl: string) {
  const client = new pg.Client(databaseUrl)
  await client.connect()
  await client.query('BEGIN; LOCK TABLE answer_log IN SHARE MODE')
  return { commit: () => client.end() }
}

test.runIf(inject('postgres') !== null)(
  'whoever comes to another replica before it can read what they saw gets exactly the rest',
  async () => {
    const databaseUrl = (await emptyPostgres()).databaseUrl
    const settings = { DATABASE_URL: databaseUrl, OPENAI_BASE_URL: upstream.baseUrl }
    const here = createPerson((await startServer(settings)).url, 'alice')
    const there = createPerson((await startServer(settings)).url, 'alice')
    const [more, end] = [gate(), gate()]
    upstream.reply(...chunks('A mo'), more.wait, delta({ content: 'le' }), end.wait, finish('stop'), done())
    const viewer = here.start(randomUUID(), 'What digs?')
    const seen = await readTo('A mo', viewer)
    const id = seen[0]?.completionId ?? ''
    // Whoever waits for a wake-up has it: what was shown until now is committed.
    await readTo('A mo', there.watch(id))
    const held = await holdCommits(databaseUrl)
    more.open()
    await readTo('A mole', viewer, seen)

    const later = there.watch(id, { after: seen.at(-1)?.cursor ?? '' })
    const first = later.next()
    // Who brings no cursor is not waited for, and has asked after the other.
    const blank = there.watch(id)
    expect(contentsIn([(await blank.next()).value as CompletionEvent])).toEqual(['A mo'])
    await held.commit()
    end.open()
    seen.push((await first).value as CompletionEvent, ...(await later.rest()))
    expect(seen.filter((event) => event.__typename === 'CompletionSnapshot')).toHaveLength(1)
    expect(contentsIn(seen)).toEqual(['A mole'])
    expect(contentsIn(await blank.rest())).toEqual(['le'])
  },
)

test.runIf(inject('postgres') !== null)(
  'whoever comes to another replica with an old cursor, and keeps what they have, folds exactly the stored text',
  async () => {
    const settings = { DATABASE_URL: (await emptyPostgres()).databaseUrl, OPENAI_BASE_URL: upstream.baseUrl }
    const here = createPerson((await startServer(settings)).url, 'alice')
    const there = createPerson((await startServer(settings)).url, 'alice')
    const [more, end] = [gate(), gate()]
    upstream.reply(
      ...chunks('A mo'),
      more.wait,
      delta({ content: 'le' }),
      end.wait,
      delta({ content: '.' }),
      finish('stop'),
      done(),
    )
    const viewer = here.start(randomUUID(), 'What digs?')
    const seen = await readTo('A mo', viewer)
    const { completionId = '', cursor: after = '' } = seen.at(-1) ?? {}
    more.open()
    await readTo('A mole', viewer, seen)
    viewer.drop()

    const again = there.watch(completionId, { after })
    const heard = await again.until(() => true)
    end.open()
    heard.push(...(await again.rest()))
    expect(heard[0]).toMatchObject({ __typename: 'CompletionDelta', choices: [{ content: 'le', contentOffset: 4 }] })
    expect([...seen, ...heard].reduce(foldEvent, [])).toEqual(storedChoices(endOf(heard)))
  },
)

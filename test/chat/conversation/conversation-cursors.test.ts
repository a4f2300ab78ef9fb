import { afterAll, describe, expect, inject, test } from 'vitest'
import type { ConversationEvent } from '../../harness/conversation-documents.ts'
import { beginConversation, eventsAfter, isLast, summary } from '../../harness/conversation-events.ts'
import { createPerson, readTo, says } from '../../harness/person.ts'
import { freshDatabase, spawnServer, startServer } from '../../harness/server.ts'
import { chunks, silence, startScriptedUpstream } from '../../harness/upstream.ts'

const upstream = await startScriptedUpstream()
const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl })
afterAll(() => upstream.close())

const alice = createPerson(url, 'alice')
const transports = ['websocket', 'sse'] as const
/** The only event of whoever gives such a cursor. */
const rejected = (conversationId: string, cursor: string, words: string) => [
  {
    __typename: 'ConversationEventsRejected',
    conversationId,
    cursor,
    error: { __typename: 'InvalidInput', path: 'after', message: expect.stringMatching(`^after: .*${words}`) },
  },
]

describe('8 writers at once', () => {
  async function writeAtOnce(by: (writer: number) => typeof alice, rounds = 6) {
    const { id, root, start } = await beginConversation(by(0))
    async function write(writer: number) {
      const person = by(writer)
      for (let round = 0; round < rounds; round++) {
        const text = `${writer}.${round}`
        if (writer === 0) await person.update(id, { title: text })
        else if (writer > 1) await person.write(id, text, { parentId: root })
        else await person.ask({ conversationId: id, parentId: root, messages: [says(text)], ifBusy: 'QUEUE' })
      }
    }
    return { id, start, writing: Promise.all(Array.from({ length: 8 }, (_, writer) => write(writer))) }
  }

  /** Each writer's words in the order in which they came. */
  function wordsByWriter(events: readonly ConversationEvent[]) {
    const words = events.flatMap((event) => ('message' in event ? (event.message.content ?? '') : []))
    return Array.from({ length: 8 }, (_, writer) => words.filter((text) => text.startsWith(`${writer}.`)))
  }

  test('are heard by all in one order, the stored one, with nothing missing and nothing twice', async () => {
    const { id, start, writing } = await writeAtOnce(() => alice)
    const viewers = transports.map((over) => alice.follow(id, { over, after: start }))
    await writing
    const stored = await eventsAfter(start, id, alice)
    expect(stored).toHaveLength(6 + 6 * 3 + 6 * 6)
    expect(new Set(stored.map(({ cursor }) => cursor)).size).toBe(stored.length)
    const written = (writer: number) => Array.from({ length: 6 }, (_, round) => `${writer}.${round}`)
    // The first changes the title, which has no words.
    expect(wordsByWriter(stored)).toEqual([[], ...[1, 2, 3, 4, 5, 6, 7].map(written)])
    const cursors = stored.map(({ cursor }) => cursor)
    for (const viewer of viewers) {
      const seen = await viewer.until(isLast)
      expect(seen.map(({ cursor }) => cursor).slice(0, -1)).toEqual(cursors)
      await viewer.close()
    }
  })

  if (inject('database') === 'postgres') {
    test('at two servers are heard at both in the same order', async () => {
      const database = await freshDatabase()
      const settings = { OPENAI_BASE_URL: upstream.baseUrl, ...database }
      const people = [await startServer(settings), await startServer(settings)].map((server) =>
        createPerson(server.url, 'alice'),
      )
      const [here = alice, there = alice] = people
      const { id, start, writing } = await writeAtOnce((writer) => (writer % 2 === 0 ? here : there))
      const viewers = people.map((person) => person.follow(id, { after: start }))
      await writing
      const cursors = (await eventsAfter(start, id, here)).map(({ cursor }) => cursor)
      expect(cursors).toHaveLength(6 + 6 * 3 + 6 * 6)
      for (const viewer of viewers) {
        const seen = await viewer.until(isLast)
        expect(seen.map(({ cursor }) => cursor).slice(0, -1)).toEqual(cursors)
        await viewer.close()
      }
    })
  }
})

describe('who comes back', () => {
  test.each(transports)('with any cursor gets exactly the rest by %s', async (over) => {
    const { id, start } = await beginConversation(alice)
    for (let count = 0; count < 60; count++) await alice.write(id, `${count}`)
    const whole = await eventsAfter(start, id, alice)
    expect(whole.map(summary)).toEqual(Array.from({ length: 60 }, (_, count) => `MessageCreated ${count}`))
    for (let tries = 0; tries < 12; tries++) {
      const at = Math.floor(Math.random() * whole.length)
      const viewer = alice.follow(id, { over, after: whole[at]?.cursor ?? '' })
      const rest = await viewer.until(isLast)
      expect(rest.slice(0, -1), `after ${at}`).toEqual(whole.slice(at + 1))
      viewer.drop()
    }
  })

  test('after a restart goes on where it was', async () => {
    const database = await freshDatabase()
    const settings = { OPENAI_BASE_URL: upstream.baseUrl, ...database }
    const before = await startServer(settings)
    const person = createPerson(before.url, 'alice')
    const { id, start } = await beginConversation(person)
    const viewer = person.follow(id, { after: start })
    await person.write(id, 'Before.')
    const { value: seen } = await viewer.next()
    await person.write(id, 'Unseen.')
    await before.close()

    const after = createPerson((await startServer(settings)).url, 'alice')
    await after.write(id, 'After.')
    const rest = await eventsAfter(seen?.cursor ?? '', id, after)
    expect(rest.map(summary)).toEqual(['MessageCreated Unseen.', 'MessageCreated After.'])
  })

  test('after a crash hears the end of the answer that was lost with the server', async () => {
    const database = await freshDatabase()
    const settings = { OPENAI_BASE_URL: upstream.baseUrl, LEASE_MS: '3000', ...database }
    const server = await spawnServer(settings)
    const person = createPerson(server.url, 'alice')
    const { id, start } = await beginConversation(person)
    upstream.reply(...chunks('A mo'), silence())
    const { completion } = await person.ask({ conversationId: id, messages: [says('And?')], background: true })
    await readTo('A mo', person.watch(completion.id))
    await server.kill('SIGKILL')

    const after = createPerson((await startServer(settings)).url, 'alice')
    const events = await after
      .follow(id, { after: start })
      .until(({ __typename }) => __typename === 'CompletionFinished')
    expect(events.map(({ __typename }) => __typename)).toEqual([
      ...['MessageCreated', 'CompletionStarted', 'CompletionFinished'],
    ])
    expect(events.at(-1)).toMatchObject({
      completion: { id: completion.id, status: 'INTERRUPTED', error: { code: 'SERVER_LOST' } },
    })
  })

  test('and reads slowly gets all the same, in order', async () => {
    const { id, start } = await beginConversation(alice)
    const long = 'x'.repeat(200_000)
    const viewer = alice.follow(id, { over: 'sse', after: start })
    for (let count = 0; count < 60; count++) await alice.write(id, `${count} ${long}`)
    await alice.write(id, 'the last')
    const events = await viewer.until(isLast)
    const heard = events.slice(0, -1).map((event) => ('message' in event ? event.message.content : null))
    // Not compared as they are, since a difference would be printed.
    expect(heard.map((content) => content?.split(' ')[0])).toEqual(Array.from({ length: 60 }, (_, count) => `${count}`))
    expect(heard.every((content, count) => content === `${count} ${long}`)).toBe(true)
    viewer.drop()
  })
})

describe('a cursor', () => {
  test.each([
    ['nothing', ''],
    ['a word', 'x'],
    ['what is base64', 'bm9uc2Vuc2U'],
    ['a picture', '💥'],
    ['very long', 'x'.repeat(10_000)],
  ])('that is %s is refused', async (_, after) => {
    const { id } = await beginConversation(alice)
    for (const over of transports) {
      expect(await alice.follow(id, { over, after }).rest()).toEqual(rejected(id, after, 'is not a cursor'))
    }
  })

  test('of another conversation is refused, and of an answer too', async () => {
    const [{ id }, other] = [await beginConversation(alice), await beginConversation(alice)]
    const events = await alice.follow(id, { after: other.start }).rest()
    expect(events).toEqual(rejected(id, other.start, 'another conversation'))
    const { completion } = await alice.ask('What digs?')
    const [snapshot] = await alice.watch(completion.id).rest()
    const after = snapshot?.cursor ?? ''
    expect(await alice.follow(id, { after }).rest()).toEqual(rejected(id, after, 'is not a cursor'))
  })

  test.each([1, 1_000, 2_147_483_647])('of an event that is %d ahead is refused', async (ahead) => {
    const { id, start } = await beginConversation(alice)
    const [uuid, last] = Buffer.from(start, 'base64url').toString().split(':')
    const after = Buffer.from(`${uuid}:${Number(last) + ahead}`).toString('base64url')
    expect(await alice.follow(id, { after }).rest()).toEqual(rejected(id, after, 'beyond'))
  })
})

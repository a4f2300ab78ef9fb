import pg from 'pg'
import { afterAll, describe, expect, inject, test } from 'vitest'
import { subscribeForGood } from '../../harness/lasting-subscription.ts'
import { createPerson, endOf, says } from '../../harness/person.ts'
import { freshDatabase, startServer } from '../../harness/server.ts'
import { chunks, done, finish, gate, startScriptedUpstream } from '../../harness/upstream.ts'
import { idOf, isOf, type ViewerEvent, viewerEvents, watchList } from '../../harness/viewer-events.ts'

const upstream = await startScriptedUpstream()
const settings = { OPENAI_BASE_URL: upstream.baseUrl }
const { url } = await startServer(settings)
afterAll(() => upstream.close())

const [alice, bob, mallory] = [createPerson(url, 'alice'), createPerson(url, 'bob'), createPerson(url, 'mallory')]
const transports = ['websocket', 'sse'] as const

/** What no server does, and no wake-up tells of. */
async function executeAt(databaseUrl: string, ...statements: string[]) {
  const client = new pg.Client(databaseUrl)
  await client.connect()
  for (const statement of statements) await client.query(statement)
  await client.end()
}

/** A list that is watched, its first event read. */
async function opened(as: string, at = url, over: (typeof transports)[number] = 'websocket') {
  const list = watchList(at, as, over)
  expect(await list.next()).toEqual({ __typename: 'ViewerEventsOpened', viewer: { name: as } })
  return list
}

describe('whoever watches their list', () => {
  test.each(transports)('by %s hears of a conversation that they make, change and delete', async (over) => {
    const list = await opened('alice', url, over)
    const { id } = await alice.converse({ title: 'Moles' })
    expect(await list.next()).toMatchObject({
      __typename: 'ConversationAppeared',
      conversation: { id, title: 'Moles', viewerRole: 'OWNER' },
    })
    await alice.update(id, { title: 'Voles' })
    const changed = await list.next()
    const { edges } = await alice.conversations({ first: 1 })
    expect(changed).toMatchObject({
      __typename: 'ConversationChanged',
      conversation: { id, title: 'Voles' },
      conversationEdge: { cursor: edges[0]?.cursor, node: { id } },
    })
    await alice.remove(id)
    expect(await list.next()).toEqual({ __typename: 'ConversationDisappeared', conversationId: id })
    await list.close()
  })

  test('hears of one that a question makes, and while an answer is written in it', async () => {
    const hold = gate()
    upstream.reply(...chunks('A mo'), hold.wait, ...chunks('le.'), finish('stop'), done())
    const list = await opened('alice')
    const { conversation, completion } = await alice.ask({ messages: [says('What digs?')], background: true })
    const id = conversation?.id ?? ''
    const [appeared] = await list.until((event) => idOf(event) === id)
    expect(appeared).toMatchObject({
      __typename: 'ConversationAppeared',
      conversation: { activeCompletions: [{ id: completion.id }] },
    })
    hold.open()
    endOf(await alice.watch(completion.id).rest())
    await list.until(
      (event) =>
        isOf('ConversationChanged', id)(event) &&
        'conversation' in event &&
        event.conversation.activeCompletions.length === 0,
    )
    await list.close()
  })

  test('hears of a message of somebody else, with how many are unread', async () => {
    const { id } = await alice.converse()
    await alice.add(id, await bob.id(), 'VIEWER')
    const list = await opened('bob')
    await alice.write(id, 'Hello.')
    expect(await list.next()).toMatchObject({
      __typename: 'ConversationChanged',
      conversation: { id, viewerRole: 'VIEWER', unreadCount: 1 },
    })
    await list.close()
  })

  test('hears when they come into a conversation, get another role, and lose it', async () => {
    const { id } = await alice.converse({ title: 'Shared' })
    const bobId = await bob.id()
    const list = await opened('bob')
    await alice.add(id, bobId, 'EDITOR')
    expect(await list.next()).toMatchObject({ __typename: 'ConversationAppeared', conversation: { id } })
    await alice.setRole(id, bobId, 'VIEWER')
    expect(await list.next()).toMatchObject({
      __typename: 'ConversationChanged',
      conversation: { id, viewerRole: 'VIEWER' },
    })
    await alice.expel(id, bobId)
    expect(await list.next()).toEqual({ __typename: 'ConversationDisappeared', conversationId: id })
    const { token } = await alice.invite(id, 'EDITOR')
    await bob.accept(token)
    expect(await list.next()).toMatchObject({ __typename: 'ConversationAppeared', conversation: { id } })
    await alice.remove(id)
    expect(await list.next()).toEqual({ __typename: 'ConversationDisappeared', conversationId: id })
    await list.close()
  })

  test('hears nothing of what is not theirs', async () => {
    const list = await opened('mallory')
    const { id } = await alice.converse({ title: 'Secret' })
    await alice.add(id, await bob.id(), 'EDITOR')
    await bob.write(id, 'Hello.')
    await alice.remove(id)
    const own = await mallory.converse({ title: 'Own' })
    const events = await list.until((event) => idOf(event) === own.id)
    expect(events).toHaveLength(1)
    await list.close()
  })

  test('hears of each conversation once, however much happens in it while they do not read', async () => {
    const { id } = await alice.converse({ title: 'Busy' })
    const list = await opened('alice')
    for (let count = 0; count < 30; count++) await alice.write(id, `${count}`)
    const { id: last } = await alice.converse({ title: 'the last' })
    const events = await list.until(isOf('ConversationAppeared', last))
    // The socket took them as they came: at most one for each tenth of a second.
    expect(events.filter((event) => idOf(event) === id).length).toBeLessThanOrEqual(30)
    expect(events.filter(isOf('ConversationAppeared', last))).toHaveLength(1)
    await list.close()
  })

  test('has the first event again when their client has re-subscribed by itself', async () => {
    const viewer = subscribeForGood<ViewerEvent>(url, 'alice', viewerEvents, {})
    const openings = () => viewer.events.filter(({ __typename }) => __typename === 'ViewerEventsOpened').length
    await viewer.until(() => openings() === 1)
    viewer.cut()
    await viewer.until(() => openings() === 2)
    const { id } = await alice.converse()
    await viewer.until((events) => events.some(isOf('ConversationAppeared', id)))
  })

  test('in two places hears of the same in both', async () => {
    const lists = [await opened('alice'), await opened('alice')]
    const { id } = await alice.converse()
    for (const list of lists) expect(await list.next()).toMatchObject({ conversation: { id } })
    await alice.remove(id)
    for (const list of lists) expect(await list.next()).toMatchObject({ conversationId: id })
    await Promise.all(lists.map((list) => list.close()))
  })
})

test('LIMIT_STREAMS_PER_USER counts lists that are watched, until their viewers leave', async () => {
  const server = await startServer({ ...settings, LIMIT_STREAMS_PER_USER: '1' })
  const list = await opened('alice', server.url)
  await expect(watchList(server.url, 'alice').next()).rejects.toMatchObject({
    errors: [{ extensions: { code: 'RATE_LIMITED' } }],
  })
  await list.close()
  await expect
    .poll(() =>
      watchList(server.url, 'alice')
        .next()
        .catch(() => null),
    )
    .toMatchObject({ __typename: 'ViewerEventsOpened' })
})

describe.runIf(inject('database') === 'postgres')('two servers', () => {
  async function twoServers() {
    const database = await freshDatabase()
    const [here, there] = [
      await startServer({ ...settings, ...database }),
      await startServer({ ...settings, ...database }),
    ]
    return { database, here, there, owner: createPerson(here.url, 'alice') }
  }

  test('tell each other what has changed in whose list', async () => {
    const { there, owner } = await twoServers()
    const guest = createPerson(there.url, 'bob')
    const guestId = await guest.id()
    const list = await opened('bob', there.url)
    const { id } = await owner.converse({ title: 'Moles' })
    await owner.add(id, guestId, 'EDITOR')
    expect(await list.next()).toMatchObject({ __typename: 'ConversationAppeared', conversation: { id } })
    const startedMs = performance.now()
    for (let count = 0; count < 5; count++) {
      await owner.write(id, `${count}`)
      expect(await list.next()).toMatchObject({ __typename: 'ConversationChanged', conversation: { id } })
    }
    // They look every ten seconds, which would be some fifty.
    expect(performance.now() - startedMs).toBeLessThan(30_000)
    await owner.expel(id, guestId)
    expect(await list.next()).toEqual({ __typename: 'ConversationDisappeared', conversationId: id })
    await list.close()
  })

  test('find by themselves what no wake-up told of', async () => {
    const { database, owner, there } = await twoServers()
    const [kept, lost] = [await owner.converse({ title: 'Kept' }), await owner.converse({ title: 'Lost' })]
    const list = await opened('alice', there.url)
    await executeAt(
      database['DATABASE_URL'] ?? '',
      "UPDATE conversations SET title = 'Changed', last_event = last_event + 1 WHERE title = 'Kept'",
      "DELETE FROM conversations WHERE title = 'Lost'",
    )
    const events = [await list.next(), await list.next()]
    expect(events).toContainEqual({ __typename: 'ConversationDisappeared', conversationId: lost.id })
    expect(events).toContainEqual(
      expect.objectContaining({ conversation: expect.objectContaining({ id: kept.id, title: 'Changed' }) }),
    )
    await list.close()
  })

  test('say that the list is to be read anew where more has changed than is told one by one', async () => {
    const { database, owner, there } = await twoServers()
    await owner.id()
    const list = await opened('alice', there.url)
    await executeAt(
      database['DATABASE_URL'] ?? '',
      `WITH made AS (INSERT INTO conversations (id) SELECT gen_random_uuid() FROM generate_series(1, 1500) RETURNING id)
       INSERT INTO participants (conversation_id, user_id, role) SELECT made.id, users.id, 'OWNER' FROM made, users`,
    )
    const told = await list.until(({ __typename }) => __typename === 'ViewerEventsOpened')
    expect(told.length).toBeLessThan(10)
    const { id } = await owner.converse()
    expect(await list.next()).toMatchObject({ __typename: 'ConversationAppeared', conversation: { id } })
    await list.close()
  })
})

import { afterAll, describe, expect, inject, test } from 'vitest'
import { postgresConnections } from '../../harness/bus-connections.ts'
import { beginConversation, eventsAfter, isLast, summary } from '../../harness/conversation-events.ts'
import { createPerson, type Person, readTo, says } from '../../harness/person.ts'
import { freshDatabase, startServer } from '../../harness/server.ts'
import { chunks, gate, startScriptedUpstream } from '../../harness/upstream.ts'

const upstream = await startScriptedUpstream()
const settings = { OPENAI_BASE_URL: upstream.baseUrl }
const { url } = await startServer(settings)
afterAll(() => upstream.close())

const [alice, bob] = [createPerson(url, 'alice'), createPerson(url, 'bob')]
const transports = ['websocket', 'sse'] as const
const notFound = { __typename: 'ConversationEventsRejected', error: { __typename: 'NotFound' } }

/** A conversation of the owner's that the other shares, and the place after that. */
async function share(role: string, owner = alice, other = bob) {
  const { id, root } = await beginConversation(owner)
  const otherId = await other.id()
  await owner.add(id, otherId, role)
  return { id, root, otherId, start: await owner.eventCursor(id) }
}

describe('a conversation of several people', () => {
  test.each(['OWNER', 'EDITOR', 'VIEWER'])('is heard by an %s as by who made it', async (role) => {
    const { id, start } = await share(role)
    const viewers = [alice.follow(id, { after: start }), bob.follow(id, { after: start })]
    await alice.ask({ conversationId: id, messages: [says('Tell me.')] })
    if (role !== 'VIEWER') await bob.write(id, 'Thanks.')
    await alice.update(id, { title: 'Moles' })
    await alice.write(id, 'the last')
    const [hers = [], his = []] = await Promise.all(viewers.map((viewer) => viewer.until(isLast)))
    expect(his.map(({ cursor }) => cursor)).toEqual(hers.map(({ cursor }) => cursor))
    expect(his.map(({ __typename }) => __typename)).toEqual(hers.map(({ __typename }) => __typename))
    const updated = his.find(({ __typename }) => __typename === 'ConversationUpdated')
    expect(updated).toMatchObject({ conversation: { title: 'Moles', viewerRole: role } })
    for (const viewer of viewers) await viewer.close()
  })

  test('tells of who comes in, gets another role and goes', async () => {
    const { id, start } = await beginConversation(alice)
    const bobId = await bob.id()
    await alice.add(id, bobId, 'EDITOR')
    const his = bob.follow(id, { after: start })
    const { value: came } = await his.next()
    expect(came).toMatchObject({ __typename: 'ParticipantsChanged', conversation: { viewerRole: 'EDITOR' } })
    await alice.setRole(id, bobId, 'VIEWER')
    const { value: changed } = await his.next()
    expect(changed).toMatchObject({ __typename: 'ParticipantsChanged', conversation: { viewerRole: 'VIEWER' } })
    await alice.expel(id, bobId)
    const events = await eventsAfter(start, id, alice)
    expect(events.map(({ __typename }) => __typename)).toEqual(Array(3).fill('ParticipantsChanged'))
    await his.close()
  })
})

describe('who is expelled', () => {
  test.each(transports)('hears AccessRevoked by %s and no more, while others go on', async (over) => {
    const { id, otherId, start } = await share('EDITOR')
    const [hers, his] = [alice.follow(id, { over, after: start }), bob.follow(id, { over, after: start })]
    await alice.write(id, 'For both.')
    expect([await hers.next(), await his.next()].map(({ value }) => value && summary(value))).toEqual(
      Array(2).fill('MessageCreated For both.'),
    )
    await alice.expel(id, otherId)
    await alice.write(id, 'the last')
    expect((await his.rest()).map(summary)).toEqual(['AccessRevoked'])
    const rest = await hers.until(isLast)
    expect(rest.map(({ __typename }) => __typename)).toEqual(['ParticipantsChanged', 'MessageCreated'])
    await hers.close()
  })

  test('may leave by himself, and hears so', async () => {
    const { id, otherId, start } = await share('VIEWER')
    const his = bob.follow(id, { after: start })
    await alice.write(id, 'For both.')
    await his.until((event) => summary(event) === 'MessageCreated For both.')
    await bob.expel(id, otherId)
    expect((await his.rest()).map(summary)).toEqual(['AccessRevoked'])
  })

  test('gets nothing that he had not read, however slow he was', async () => {
    const { id, otherId, start } = await share('EDITOR')
    const long = 'x'.repeat(200_000)
    const his = bob.follow(id, { over: 'sse', after: start })
    for (let count = 0; count < 60; count++) await alice.write(id, `${count} ${long}`)
    await alice.expel(id, otherId)
    for (let count = 60; count < 65; count++) await alice.write(id, `${count} ${long}`)
    const kinds = (await his.rest()).map((event) => summary(event).split(' x')[0])
    const heard = kinds.slice(0, -1)
    expect(kinds.at(-1)).toBe('AccessRevoked')
    expect(heard).toEqual(Array.from({ length: heard.length }, (_, count) => `MessageCreated ${count}`))
    expect(heard.length).toBeLessThanOrEqual(60)
  })

  test('has no use for his cursor, until he is back and gets what came meanwhile', async () => {
    const { id, otherId, start } = await share('EDITOR')
    await alice.expel(id, otherId)
    expect(await bob.follow(id, { after: start }).rest()).toMatchObject([notFound])
    await alice.write(id, 'Meanwhile.')
    await alice.add(id, otherId, 'VIEWER')
    await alice.write(id, 'the last')
    const events = await bob.follow(id, { after: start }).until(isLast)
    const told = ['ParticipantsChanged', 'MessageCreated', 'ParticipantsChanged', 'MessageCreated']
    expect(events.map(({ __typename }) => __typename)).toEqual(told)
  })

  test('leaves the answer that he asked for going on, whose end the others hear', async () => {
    const { id, otherId, start } = await share('EDITOR')
    const hold = gate()
    upstream.reply(...chunks('A mo'), hold.wait, ...chunks('le.'))
    const { completion } = await bob.ask({ conversationId: id, messages: [says('And?')], background: true })
    await readTo('A mo', alice.watch(completion.id))
    await alice.expel(id, otherId)
    hold.open()
    const events = await alice
      .follow(id, { after: start })
      .until(({ __typename }) => __typename === 'CompletionFinished')
    expect(events.at(-1)).toMatchObject({ completion: { id: completion.id, requester: { name: 'bob' } } })
  })
})

if (inject('database') === 'postgres') {
  describe('two servers', () => {
    async function twoServers() {
      const database = await freshDatabase()
      const [here, there] = [
        await startServer({ ...settings, ...database }),
        await startServer({ ...settings, ...database }),
      ]
      return { database, owner: createPerson(here.url, 'alice'), other: createPerson(there.url, 'bob') }
    }

    async function followed(owner: Person, other: Person) {
      const shared = await share('EDITOR', owner, other)
      const his = other.follow(shared.id, { after: shared.start })
      await owner.write(shared.id, 'For both.')
      await his.next()
      return { ...shared, his }
    }

    test('tell who follows at the other one that he was expelled', async () => {
      const { owner, other } = await twoServers()
      const { id, otherId, his } = await followed(owner, other)
      await owner.expel(id, otherId)
      await owner.write(id, 'Alone.')
      expect((await his.rest()).map(summary)).toEqual(['AccessRevoked'])
    })

    test('tell each other at once, not when they next look', async () => {
      const { owner, other } = await twoServers()
      const { id, his } = await followed(owner, other)
      const startedMs = performance.now()
      for (let count = 0; count < 10; count++) {
        await owner.write(id, `${count}`)
        await his.next()
      }
      // They look every two seconds.
      expect(performance.now() - startedMs).toBeLessThan(10_000)
      await his.close()
    })

    test('miss nothing when all their connections are cut, the wake-ups among them', async () => {
      const { database, owner, other } = await twoServers()
      const { id, root, his } = await followed(owner, other)
      const connections = postgresConnections(database['DATABASE_URL'] ?? '', inject('postgres')?.url ?? '')
      // What is not acknowledged may be there or not; so it has a key.
      const write = (text: string) =>
        expect
          .poll(() =>
            owner.write(id, text, { parentId: root, idempotencyKey: text }).then(
              () => true,
              () => false,
            ),
          )
          .toBe(true)
      for (let count = 0; count < 5; count++) {
        await connections.cut()
        await write(`${count}`)
      }
      await write('the last')
      const words = ['0', '1', '2', '3', '4', 'the last']
      expect((await his.until(isLast)).map(summary)).toEqual(words.map((text) => `MessageCreated ${text}`))
      await his.close()
    })
  })
}

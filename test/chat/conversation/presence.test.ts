import { describe, expect, inject, test } from 'vitest'
import { createPerson, type Person } from '../../harness/person.ts'
import { announceTyping as announce, namesOf, openConversation, type Present } from '../../harness/presence.ts'
import { freshDatabase, spawnServer, startServer } from '../../harness/server.ts'

const { url } = await startServer()
const people = ['alice', 'bob', 'victor', 'mallory'].map((name) => createPerson(url, name))
const [alice, bob, victor, mallory] = people as [Person, Person, Person, Person]
const transports = ['websocket', 'sse'] as const

async function presentIn(id: string, person: Person): Promise<string[]> {
  type Data = { conversation: { presence: Present[] } }
  const document = 'query ($id: ID!) { conversation(id: $id) { presence { user { name } isTyping since } } }'
  return namesOf((await person.request<Data>(document, { id })).conversation.presence)
}

/** A conversation of alice's, which bob may write in and victor read. */
async function share(owner = alice, editor = bob, viewer: Person | null = victor) {
  const { id } = await owner.converse()
  await owner.add(id, await editor.id(), 'EDITOR')
  if (viewer !== null) await owner.add(id, await viewer.id(), 'VIEWER')
  return id
}

describe('whoever opens a conversation', () => {
  test.each(transports)('by %s is present, for all who have it open, until they leave', async (over) => {
    const id = await share()
    const hers = openConversation(url, 'alice', id, over)
    expect(namesOf((await hers.next()) ?? [])).toEqual(['alice'])
    const his = openConversation(url, 'victor', id, over)
    expect(namesOf((await his.next()) ?? [])).toEqual(['alice', 'victor'])
    await hers.until('alice', 'victor')
    expect(await presentIn(id, bob)).toEqual(['alice', 'victor'])
    his.drop()
    await hers.until('alice')
    await hers.close()
    await expect.poll(() => presentIn(id, bob)).toEqual([])
  })

  test('twice is listed once, since they first came, until they have left twice', async () => {
    const id = await share()
    const hers = openConversation(url, 'alice', id)
    await hers.until('alice')
    const first = openConversation(url, 'bob', id)
    const [, one] = await hers.until('alice', 'bob')
    const second = openConversation(url, 'bob', id)
    expect((await second.until('alice', 'bob'))[1]).toEqual(one)
    await first.close()
    await expect.poll(() => presentIn(id, alice)).toEqual(['alice', 'bob'])
    await second.close()
    await hers.until('alice')
    await hers.close()
  })

  test('without taking part gets an error, and nobody hears of it', async () => {
    const id = await share()
    const hers = openConversation(url, 'alice', id)
    await hers.until('alice')
    for (const over of transports) {
      await expect(openConversation(url, 'mallory', id, over).next()).rejects.toMatchObject({
        errors: [{ message: 'There is no such conversation.', extensions: { code: 'NOT_FOUND' } }],
      })
    }
    expect((await announce(mallory, id)).announceTyping).toMatchObject({ __typename: 'NotFound' })
    expect(await presentIn(id, alice)).toEqual(['alice'])
    await hers.close()
  })

  test('and is removed is gone from it, and their subscription ends', async () => {
    const id = await share()
    const hers = openConversation(url, 'alice', id)
    const his = openConversation(url, 'bob', id)
    await hers.until('alice', 'bob')
    await announce(bob, id)
    await hers.until('alice', 'bob*')
    await alice.expel(id, await bob.id())
    await hers.until('alice')
    await his.rest()
    await alice.remove(id)
    await hers.rest()
  })

  test('and has left is not told who is there', async () => {
    const id = await share()
    const hers = openConversation(url, 'alice', id)
    await hers.until('alice')
    type Data = { removeParticipant: { conversation: { presence: Present[] } } }
    const document = `mutation ($id: ID!, $userId: ID!) {
      removeParticipant(conversationId: $id, userId: $userId) {
        ... on ConversationPayload { conversation { presence { user { name } isTyping since } } }
      }
    }`
    const { removeParticipant } = await bob.request<Data>(document, { id, userId: await bob.id() })
    expect(removeParticipant.conversation.presence).toEqual([])
    await hers.close()
  })
})

describe('whoever announces that they write', () => {
  test('is shown so for six seconds, whether they have it open or not', async () => {
    const id = await share()
    const hers = openConversation(url, 'alice', id)
    await hers.until('alice')
    const startedMs = performance.now()
    expect((await announce(bob, id)).announceTyping).toEqual({
      __typename: 'ConversationPayload',
      conversation: { id },
    })
    await announce(alice, id)
    await hers.until('alice*', 'bob*')
    await hers.until('alice')
    expect(performance.now() - startedMs).toBeGreaterThan(5_900)
    await hers.close()
  })

  test('needs to be an EDITOR', async () => {
    const id = await share()
    expect((await announce(victor, id)).announceTyping).toMatchObject({ __typename: 'Forbidden' })
    expect(await presentIn(id, alice)).toEqual([])
  })

  test('may do so 60 times a minute', async () => {
    const server = await startServer()
    const person = createPerson(server.url, 'alice')
    const { id } = await person.converse()
    for (let count = 0; count < 60; count++) await announce(person, id)
    await expect(announce(person, id)).rejects.toMatchObject({ errors: [{ extensions: { code: 'RATE_LIMITED' } }] })
  })
})

test('LIMIT_STREAMS_PER_USER counts conversations that are open', async () => {
  const server = await startServer({ LIMIT_STREAMS_PER_USER: '1' })
  const { id } = await createPerson(server.url, 'alice').converse()
  const hers = openConversation(server.url, 'alice', id)
  await hers.until('alice')
  await expect(openConversation(server.url, 'alice', id).next()).rejects.toMatchObject({
    errors: [{ extensions: { code: 'RATE_LIMITED' } }],
  })
  await hers.close()
  await expect
    .poll(() =>
      openConversation(server.url, 'alice', id)
        .next()
        .catch(() => null),
    )
    .toHaveLength(1)
})

describe.runIf(inject('database') === 'postgres')('two servers', () => {
  test('tell each other who is there, who was there before, who writes and who goes', async () => {
    const database = await freshDatabase()
    const [here, there] = [await startServer(database), await startServer(database)]
    const [owner, editor] = [createPerson(here.url, 'alice'), createPerson(there.url, 'bob')]
    const id = await share(owner, editor, null)
    const hers = openConversation(here.url, 'alice', id)
    await hers.until('alice')
    const his = openConversation(there.url, 'bob', id)
    await Promise.all([hers.until('alice', 'bob'), his.until('alice', 'bob')])
    await announce(editor, id)
    await hers.until('alice', 'bob*')
    await hers.until('alice', 'bob')
    await owner.expel(id, await editor.id())
    await Promise.all([hers.until('alice'), his.rest()])
    await hers.close()
  })

  test('when one goes away, its people are gone at once', async () => {
    const database = await freshDatabase()
    const [here, there] = [await startServer(database), await startServer(database)]
    const id = await share(createPerson(here.url, 'alice'), createPerson(there.url, 'bob'), null)
    const hers = openConversation(here.url, 'alice', id)
    openConversation(there.url, 'bob', id)
    await hers.until('alice', 'bob')
    const startedMs = performance.now()
    await Promise.all([hers.until('alice'), there.close()])
    expect(performance.now() - startedMs).toBeLessThan(10_000)
    await hers.close()
  })

  test('when one is lost, its people are gone within half a minute', async () => {
    const database = await freshDatabase()
    const [here, there] = [await startServer(database), await spawnServer(database)]
    const id = await share(createPerson(here.url, 'alice'), createPerson(there.url, 'bob'), null)
    const hers = openConversation(here.url, 'alice', id)
    const his = openConversation(there.url, 'bob', id)
    await hers.until('alice', 'bob')
    await there.kill('SIGKILL')
    await hers.until('alice')
    his.drop()
    await hers.close()
  }, 120_000)
})

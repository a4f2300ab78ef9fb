import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { createPerson, type Person, rolesIn, says, threadOf } from '../../harness/person.ts'
import { startServer } from '../../harness/server.ts'
import { startScriptedUpstream } from '../../harness/upstream.ts'

const upstream = await startScriptedUpstream()
const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl })
afterAll(() => upstream.close())

let [alice, bob, cleo] = people()
let ids = { alice: '', bob: '', cleo: '' }
let thread = ''
beforeEach(async () => {
  ;[alice, bob, cleo] = people()
  ids = { alice: await alice.id(), bob: await bob.id(), cleo: await cleo.id() }
  thread = (await alice.converse({ title: 'Ours' })).id
})

/** Others for each test, called as they are. */
function people(): [Person, Person, Person] {
  const tag = crypto.randomUUID().slice(0, 8)
  return [createPerson(url, `alice-${tag}`), createPerson(url, `bob-${tag}`), createPerson(url, `cleo-${tag}`)]
}

const unknownUser = Buffer.from(`User:${crypto.randomUUID()}`).toString('base64url')

async function roles(person = alice) {
  return (await rolesIn(thread, person)).map((text) => text.replace(/-\w{8}/, ''))
}

describe('an owner who adds people', () => {
  test('shares all that there is, and each of them sees who takes part', async () => {
    await alice.write(thread, 'Hello')
    const { conversation } = await alice.add(thread, ids.bob, 'EDITOR')
    expect(conversation).toMatchObject({ id: thread, viewerRole: 'OWNER' })
    await alice.add(thread, ids.cleo, 'VIEWER')
    for (const person of [alice, bob, cleo]) {
      expect(await roles(person)).toEqual(['alice OWNER', 'bob EDITOR', 'cleo VIEWER'])
      expect(await threadOf(person, thread)).toEqual(['Hello'])
    }
    expect(await bob.conversation(thread)).toMatchObject({ title: 'Ours', viewerRole: 'EDITOR' })
    expect((await cleo.conversations()).edges.map(({ node }) => node.id)).toEqual([thread])
  })

  test('lets them begin where the owner stands', async () => {
    const { createdMessage: first } = await alice.write(thread, 'First')
    await alice.write(thread, 'Second')
    await alice.write(thread, 'Another second', { parentId: first.id })
    await alice.add(thread, ids.bob, 'EDITOR')
    expect(await threadOf(bob, thread)).toEqual(['First', 'Another second'])
    await bob.write(thread, 'From bob')
    expect(await threadOf(alice, thread)).toEqual(['First', 'Another second', 'From bob'])
  })

  test('may add them again in the same role, and is sent to updateParticipant for another', async () => {
    await alice.add(thread, ids.bob, 'EDITOR')
    await alice.add(thread, ids.bob, 'EDITOR')
    expect(await alice.add.refuse(thread, ids.bob, 'VIEWER')).toMatchObject({
      __typename: 'InvalidInput',
      path: 'role',
    })
    expect(await roles()).toEqual(['alice OWNER', 'bob EDITOR'])
  })

  test('reads on after whoever has left meanwhile', async () => {
    await alice.add(thread, ids.bob, 'EDITOR')
    const people = async (page: object) => {
      const { edges, pageInfo } = await alice.people(thread, page)
      const names = edges.map(({ node }) => node.user.id)
      return { names, after: pageInfo.endCursor, ends: [pageInfo.hasPreviousPage, pageInfo.hasNextPage] }
    }
    const { after } = await people({ first: 2 })
    await alice.expel(thread, ids.bob)
    expect(await people({ after })).toEqual({ names: [], after: null, ends: [true, false] })
    await alice.add(thread, ids.cleo, 'VIEWER')
    expect(await people({ after })).toMatchObject({ names: [ids.cleo], ends: [true, false] })
    expect(await people({ first: 1 })).toMatchObject({ names: [ids.alice], ends: [false, true] })
    // Whoever comes back comes last.
    await alice.add(thread, ids.bob, 'VIEWER')
    expect(await people({ first: 2, after })).toMatchObject({ names: [ids.cleo, ids.bob], ends: [true, false] })
  })

  test('adds one person once, however many do it at the same moment', async () => {
    await alice.add(thread, ids.bob, 'OWNER')
    const owners = Array.from({ length: 10 }, (_, index) => (index % 2 === 0 ? alice : bob))
    await Promise.all(owners.map((owner) => owner.add(thread, ids.cleo, 'VIEWER')))
    expect(await roles()).toEqual(['alice OWNER', 'bob OWNER', 'cleo VIEWER'])
  })

  test('hears of a user who does not exist, and of one who has not been added', async () => {
    for (const id of [unknownUser, thread, 'nonsense']) {
      expect(await alice.add.refuse(thread, id, 'VIEWER')).toMatchObject({ __typename: 'NotFound' })
    }
    const missing = { __typename: 'NotFound', message: 'There is no such participant.' }
    for (const id of [unknownUser, ids.bob]) {
      expect(await alice.setRole.refuse(thread, id, 'VIEWER')).toEqual(missing)
      expect(await alice.expel.refuse(thread, id)).toEqual(missing)
    }
  })
})

describe('roles', () => {
  test('an EDITOR writes, asks and cancels, but manages nobody', async () => {
    await alice.add(thread, ids.bob, 'EDITOR')
    await bob.write(thread, 'Hello')
    expect(await bob.ask({ conversationId: thread, messages: [] })).toMatchObject({
      completion: { status: 'COMPLETED' },
    })
    expect((await bob.update(thread, { title: 'Mine' })).conversation.title).toBe('Mine')
    const refusals = [
      bob.add.refuse(thread, ids.cleo, 'VIEWER'),
      bob.add.refuse(thread, unknownUser, 'VIEWER'),
      bob.setRole.refuse(thread, ids.bob, 'OWNER'),
      bob.setRole.refuse(thread, unknownUser, 'OWNER'),
      bob.expel.refuse(thread, ids.alice),
      bob.expel.refuse(thread, unknownUser),
      bob.remove.refuse(thread),
    ]
    for (const refusal of await Promise.all(refusals)) expect(refusal).toMatchObject({ __typename: 'Forbidden' })
    expect(await roles()).toEqual(['alice OWNER', 'bob EDITOR'])
  })

  test('a VIEWER reads and watches, and that is all', async () => {
    await alice.add(thread, ids.cleo, 'VIEWER')
    const { createdMessage } = await alice.write(thread, 'Hello')
    const question = { conversationId: thread, messages: [says('And I?')] }
    const refusals = [
      cleo.write.refuse(thread, 'Me too'),
      cleo.write.refuse(thread, 'No, me', { replaces: createdMessage.id }),
      cleo.ask.refuse(question),
      cleo.ask.refuse({ ...question, store: false }),
      cleo.ask.refuse({ parentId: createdMessage.id, messages: [] }),
      cleo.update.refuse(thread, { title: 'Mine' }),
      cleo.remove.refuse(thread),
      cleo.add.refuse(thread, ids.bob, 'VIEWER'),
      cleo.setRole.refuse(thread, ids.cleo, 'OWNER'),
      cleo.expel.refuse(thread, ids.alice),
    ]
    for (const refusal of await Promise.all(refusals)) expect(refusal).toMatchObject({ __typename: 'Forbidden' })
    const [rejected] = await cleo.start(crypto.randomUUID(), question).rest()
    expect(rejected).toMatchObject({ error: { __typename: 'Forbidden' } })
    expect(await threadOf(cleo, thread)).toEqual(['Hello'])
    expect(await cleo.conversation(thread)).toMatchObject({ title: 'Ours' })
  })

  test('change at once, for better and for worse', async () => {
    await alice.add(thread, ids.bob, 'VIEWER')
    await alice.setRole(thread, ids.bob, 'EDITOR')
    await bob.write(thread, 'Now I may')
    await alice.setRole(thread, ids.bob, 'VIEWER')
    expect(await bob.write.refuse(thread, 'And now?')).toMatchObject({ __typename: 'Forbidden' })
    await alice.setRole(thread, ids.bob, 'OWNER')
    expect((await bob.setRole(thread, ids.alice, 'EDITOR')).conversation.viewerRole).toBe('OWNER')
    expect((await bob.setRole(thread, ids.alice, 'EDITOR')).conversation.viewerRole).toBe('OWNER')
    expect(await roles()).toEqual(['alice EDITOR', 'bob OWNER'])
  })
})

describe('the last OWNER', () => {
  test('can neither leave nor become anything else, until there is another', async () => {
    await alice.add(thread, ids.bob, 'EDITOR')
    expect(await alice.expel.refuse(thread, ids.alice)).toMatchObject({ __typename: 'InvalidInput', path: 'userId' })
    for (const role of ['EDITOR', 'VIEWER']) {
      const refusal = await alice.setRole.refuse(thread, ids.alice, role)
      expect(refusal).toMatchObject({ __typename: 'InvalidInput', path: 'role' })
    }
    await alice.setRole(thread, ids.alice, 'OWNER')
    await alice.setRole(thread, ids.bob, 'OWNER')
    await alice.expel(thread, ids.alice)
    expect(await roles(bob)).toEqual(['bob OWNER'])
  })

  test.each(['leave', 'become an EDITOR', 'send the other away'])(
    'is there still after two owners at the same moment %s, twenty times',
    async (what) => {
      const act = async (owner: Person, own: string, other: string) => {
        const acting = {
          leave: () => owner.expel(thread, own),
          'become an EDITOR': () => owner.setRole(thread, own, 'EDITOR'),
          'send the other away': () => owner.expel(thread, other),
        }
        return acting[what as keyof typeof acting]()
      }
      for (let round = 0; round < 20; round++) {
        thread = (await alice.converse()).id
        await alice.add(thread, ids.bob, 'OWNER')
        const acts = [act(alice, ids.alice, ids.bob), act(bob, ids.bob, ids.alice)]
        const outcomes = (await Promise.allSettled(acts)).map(({ status }) => status)
        expect(outcomes.sort()).toEqual(['fulfilled', 'rejected'])
        const left = (await alice.conversation(thread)) === null ? bob : alice
        expect((await roles(left)).filter((text) => text.endsWith('OWNER'))).toHaveLength(1)
      }
    },
  )
})

describe('whoever leaves, or is sent away', () => {
  test('sees nothing of it any more, by no door', async () => {
    await alice.add(thread, ids.bob, 'EDITOR')
    const { completion, conversation } = await bob.ask({ conversationId: thread, messages: [says('Hello?')] })
    expect(conversation).not.toBeNull()
    const [question] = (await bob.messages(thread)).edges.map(({ node }) => node.id)
    await alice.expel(thread, ids.bob)
    expect(await bob.conversation(thread)).toBeNull()
    expect(await bob.message(question ?? '')).toBeNull()
    expect(await bob.completion(completion.id)).toBeNull()
    expect((await bob.conversations()).edges).toEqual([])
    const refusals = [
      bob.write.refuse(thread, 'Still here?'),
      bob.ask.refuse({ conversationId: thread, messages: [says('Still here?')] }),
      bob.cancel.refuse(completion.id),
      bob.update.refuse(thread, { title: 'Mine' }),
      bob.expel.refuse(thread, ids.bob),
      bob.add.refuse(thread, ids.bob, 'EDITOR'),
    ]
    for (const refusal of await Promise.all(refusals)) expect(refusal).toMatchObject({ __typename: 'NotFound' })
    expect(await bob.watch(completion.id).rest()).toMatchObject([{ error: { __typename: 'NotFound' } }])
  })

  test('finds nothing by the keys of then, either', async () => {
    await alice.add(thread, ids.bob, 'EDITOR')
    const asked = { conversationId: thread, messages: [says('Hello?')], idempotencyKey: crypto.randomUUID() }
    const written = { idempotencyKey: crypto.randomUUID() }
    await bob.ask(asked)
    await bob.write(thread, 'Hello', written)
    await alice.expel(thread, ids.bob)
    expect(await bob.ask.refuse(asked)).toMatchObject({ __typename: 'NotFound' })
    expect(await bob.write.refuse(thread, 'Hello', written)).toMatchObject({ __typename: 'NotFound' })
  })

  test('gets the conversation once more for the answer, without what is in it', async () => {
    await alice.add(thread, ids.bob, 'VIEWER')
    const { conversation } = await bob.expel(thread, ids.bob)
    expect(conversation).toMatchObject({ id: thread, title: 'Ours', currentLeaf: null })
  })

  test('is answered whatever they ask of it then, and what is in it counts as nothing', async () => {
    await alice.add(thread, ids.bob, 'EDITOR')
    await bob.ask({ conversationId: thread, messages: [says('Hello?')] })
    const leave = `mutation ($conversationId: ID!, $userId: ID!) {
      removeParticipant(conversationId: $conversationId, userId: $userId) { ... on ConversationPayload { conversation {
        id title systemPrompt createdAt updatedAt archivedAt viewerRole eventCursor
        defaults { model temperature topP maxTokens contextStrategy }
        participants { edges { node { user { id } } } } messages { edges { node { id } } }
        currentLeaf { id } activeCompletions { id } usage { totalTokens costMicros source }
      } } }
    }`
    const left = await bob.request(leave, { conversationId: thread, userId: ids.bob })
    const nothing = { participants: { edges: [] }, messages: { edges: [] }, currentLeaf: null, activeCompletions: [] }
    const usage = { totalTokens: 0, costMicros: null, source: 'NONE' }
    const conversation = { id: thread, title: 'Ours', viewerRole: 'EDITOR', ...nothing, usage }
    expect(left).toMatchObject({ removeParticipant: { conversation } })
  })

  test('is still named as who wrote and asked there', async () => {
    await alice.add(thread, ids.bob, 'EDITOR')
    const { createdMessage } = await bob.write(thread, 'I was here')
    const { completion } = await bob.ask({ conversationId: thread, messages: [] })
    await bob.expel(thread, ids.bob)
    const document = 'query ($id: ID!) { node(id: $id) { ... on Message { author { id name } } } }'
    expect(await alice.request(document, { id: createdMessage.id })).toMatchObject({
      node: { author: { id: ids.bob } },
    })
    expect((await alice.completion(completion.id))?.requester.name).toMatch(/^bob/)
    expect(await alice.request('query ($id: ID!) { node(id: $id) { id } }', { id: ids.bob })).toEqual({
      node: { id: ids.bob },
    })
    // Also for whoever comes later; and not the other way round.
    await alice.add(thread, ids.cleo, 'VIEWER')
    expect((await cleo.completion(completion.id))?.requester.name).toMatch(/^bob/)
    for (const id of [ids.alice, ids.cleo]) {
      expect(await bob.request('query ($id: ID!) { node(id: $id) { id } }', { id })).toEqual({ node: null })
    }
  })

  test('begins anew when they come back', async () => {
    await alice.add(thread, ids.bob, 'EDITOR')
    const { createdMessage } = await bob.write(thread, 'First')
    await alice.write(thread, 'Second')
    await alice.expel(thread, ids.bob)
    await alice.write(thread, 'Not this way', { parentId: createdMessage.id })
    await alice.add(thread, ids.bob, 'VIEWER')
    expect(await roles()).toEqual(['alice OWNER', 'bob VIEWER'])
    expect(await threadOf(bob, thread)).toEqual(['First', 'Not this way'])
  })
})

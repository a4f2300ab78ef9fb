import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { createPerson, says, threadOf } from '../../harness/person.ts'
import { freshDatabase, startServer } from '../../harness/server.ts'
import { chunks, gate, refusal, startScriptedUpstream } from '../../harness/upstream.ts'

const upstream = await startScriptedUpstream()
const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl })
afterAll(() => upstream.close())

const [alice, bob] = [createPerson(url, 'alice'), createPerson(url, 'bob')]
let input = { messages: [says('Hello?')], idempotencyKey: '', temperature: 1 }
beforeEach(() => {
  input = { ...input, idempotencyKey: crypto.randomUUID() }
})

/** How many requests went up while this was done. */
async function sentDuring<Result>(work: () => Promise<Result>): Promise<[sent: number, result: Result]> {
  const before = upstream.requests.length
  const result = await work()
  return [upstream.requests.length - before, result]
}

test('the same key with the same input gives the same completion and asks once', async () => {
  const [sent, [first, again]] = await sentDuring(async () => [await alice.ask(input), await alice.ask(input)])
  expect(sent).toBe(1)
  expect(first?.replayed).toBe(false)
  expect(again).toEqual({ ...first, replayed: true })
})

test('null is the same input as absent, and background is no part of it', async () => {
  const { completion } = await alice.ask(input)
  const again = await alice.ask({
    ...input,
    topP: null,
    store: null,
    ifBusy: null,
    whenUnwatched: null,
    background: true,
    messages: [{ name: null, ...says('Hello?') }],
  })
  expect(again).toMatchObject({ replayed: true, completion: { id: completion.id } })
})

test.each([{ temperature: 0.5 }, { messages: [says('Hello!')] }, { store: false }, { seed: '1' }])(
  'the same key with %j is a conflict, and nothing is sent',
  async (change) => {
    await alice.ask(input)
    const [sent, failure] = await sentDuring(() => alice.ask.refuse({ ...input, ...change }))
    expect(failure.__typename).toBe('IdempotencyConflict')
    expect(sent).toBe(0)
  },
)

test('eight requests at once with one key are one completion', async () => {
  const [sent, asked] = await sentDuring(() => Promise.all(Array.from({ length: 8 }, () => alice.ask(input))))
  expect(sent).toBe(1)
  expect(new Set(asked.map(({ completion }) => completion.id)).size).toBe(1)
  expect(asked.filter(({ replayed }) => !replayed)).toHaveLength(1)
})

test('eight requests at once with one key in one conversation are one completion, and none finds it busy', async () => {
  const { id: conversationId } = await alice.converse()
  const asking = () => Promise.all(Array.from({ length: 8 }, () => alice.ask({ ...input, conversationId })))
  const [sent, asked] = await sentDuring(asking)
  expect(sent).toBe(1)
  expect(new Set(asked.map(({ completion }) => completion.id)).size).toBe(1)
  expect(await threadOf(alice, conversationId)).toEqual(['Hello?', 'Hello world'])
})

test('null in JSON that is sent as it stands is a value', async () => {
  await alice.ask({ ...input, extraBody: { one: null } })
  for (const extraBody of [{ other: null }, {}]) {
    expect(await alice.ask.refuse({ ...input, extraBody })).toMatchObject({ __typename: 'IdempotencyConflict' })
  }
})

test("somebody else's key is another key", async () => {
  const { completion } = await alice.ask(input)
  const other = await bob.ask(input)
  expect(other.replayed).toBe(false)
  expect(other.completion.id).not.toBe(completion.id)
})

test('createCompletion and a started stream share their keys, both ways', async () => {
  const { idempotencyKey, ...question } = input
  const [sent] = await sentDuring(async () => {
    const events = await alice.start(idempotencyKey, question).rest()
    const { replayed, completion } = await alice.ask(input)
    expect({ replayed, id: completion.id }).toEqual({ replayed: true, id: events[0]?.completionId })

    const next = { ...question, idempotencyKey: `${idempotencyKey} 2` }
    const asked = await alice.ask(next)
    const [snapshot] = await alice.start(next.idempotencyKey, question).rest()
    expect(snapshot?.completionId).toBe(asked.completion.id)
  })
  expect(sent).toBe(2)

  const [rejected] = await alice.start(idempotencyKey, 'Something else').rest()
  expect(rejected).toMatchObject({ __typename: 'CompletionRejected', error: { __typename: 'IdempotencyConflict' } })
})

test.each([
  ['empty', ''],
  ['too long', 'k'.repeat(256)],
  ['good', 'its own key'],
])("a started stream ignores the question's own key, be it %s", async (_, key) => {
  const { idempotencyKey, ...question } = input
  const [snapshot] = await alice.start(idempotencyKey, { ...question, idempotencyKey: key }).rest()
  expect(await alice.ask(input)).toMatchObject({ replayed: true, completion: { id: snapshot?.completionId } })
})

test('a repetition attaches to the completion while it is written', async () => {
  const hold = gate()
  upstream.reply(...chunks('A mole.'), hold.wait)
  const { completion } = await alice.ask({ ...input, background: true })
  const waiting = alice.ask.refuse(input)
  const again = await alice.ask({ ...input, background: true })
  expect(again).toMatchObject({ replayed: true, completion: { id: completion.id, status: 'IN_PROGRESS' } })
  hold.open()
  // The script ends without a finish.
  expect(await waiting).toMatchObject({ code: 'UPSTREAM_TRUNCATED', completion: { id: completion.id } })
})

test('a repetition finds its completion after the conversation has moved on', async () => {
  const { id: conversationId } = await alice.converse()
  const first = await alice.ask({ ...input, conversationId })
  await alice.ask({ conversationId, messages: [says('And then?')] })
  const again = await alice.ask({ ...input, conversationId })
  expect(again).toEqual({ ...first, replayed: true })
  expect(await threadOf(alice, conversationId)).toHaveLength(4)
})

test('a repetition of what failed fails alike, and is not sent again', async () => {
  upstream.reply(refusal(400))
  const failure = await alice.ask.refuse(input)
  const [sent, again] = await sentDuring(() => alice.ask.refuse(input))
  expect(again).toEqual(failure)
  expect(sent).toBe(0)
})

test('a repetition of what was deleted finds nothing, and is not sent again', async () => {
  const { conversation } = await alice.ask(input)
  await alice.remove(conversation?.id ?? '')
  const [sent, failure] = await sentDuring(() => alice.ask.refuse(input))
  expect(failure.__typename).toBe('NotFound')
  expect(sent).toBe(0)
})

test('a repetition needs no model to ask: by then the upstream may be gone', async () => {
  const database = await freshDatabase()
  const server = await startServer({ OPENAI_BASE_URL: upstream.baseUrl, ...database })
  const first = await createPerson(server.url, 'alice').ask(input)
  await server.close()
  const gone = await startScriptedUpstream()
  await gone.close()
  const later = createPerson((await startServer({ OPENAI_BASE_URL: gone.baseUrl, ...database })).url, 'alice')
  expect(await later.ask(input)).toEqual({ ...first, replayed: true })
  const other = { ...input, idempotencyKey: 'another key' }
  expect(await later.ask.refuse(other)).toMatchObject({ __typename: 'InvalidInput', path: 'input.model' })
  const [rejected] = await later.start('another key', 'Hello?').rest()
  expect(rejected).toMatchObject({ error: { __typename: 'InvalidInput', path: 'input.start.completion.model' } })
})

describe("a written message's key", () => {
  const idempotencyKey = () => ({ idempotencyKey: crypto.randomUUID() })

  test('with the same input gives the same message, once or many at a time', async () => {
    const { id } = await alice.converse()
    const key = idempotencyKey()
    const written = await Promise.all(Array.from({ length: 8 }, () => alice.write(id, 'One.', key)))
    const ids = new Set([...written, await alice.write(id, 'One.', key)].map((one) => one.createdMessage.id))
    expect(ids.size).toBe(1)
    expect(await threadOf(alice, id)).toEqual(['One.'])
  })

  test('with another input is a conflict', async () => {
    const { id } = await alice.converse()
    const key = idempotencyKey()
    await alice.write(id, 'One.', key)
    expect(await alice.write.refuse(id, 'Two.', key)).toMatchObject({ __typename: 'IdempotencyConflict' })
    expect(await threadOf(alice, id)).toEqual(['One.'])
  })

  test('is taken also where its message was deleted, and where the viewer may not see it any more', async () => {
    const { id } = await alice.converse()
    const { id: left } = await bob.converse()
    await bob.add(left, await alice.id(), 'EDITOR')
    const [deleted, unseen] = [idempotencyKey(), idempotencyKey()]
    await alice.erase((await alice.write(id, 'One.', deleted)).createdMessage.id)
    await alice.write(left, 'One.', unseen)
    await alice.expel(left, await alice.id())
    for (const key of [deleted, unseen]) {
      expect(await alice.write.refuse(id, 'Two.', key)).toMatchObject({ __typename: 'IdempotencyConflict' })
    }
    const notFound = (what: string) => ({ __typename: 'NotFound', message: `There is no such ${what}.` })
    expect(await alice.write.refuse(id, 'One.', deleted)).toEqual(notFound('message: what this key wrote was deleted'))
    for (const text of ['One.', 'Two.']) {
      expect(await alice.write.refuse(left, text, unseen)).toEqual(notFound('conversation'))
    }
    expect(await threadOf(alice, id)).toEqual([])
  })

  test("of somebody else's is another key", async () => {
    const key = idempotencyKey()
    await alice.write((await alice.converse()).id, 'One.', key)
    const { id } = await bob.converse()
    expect((await bob.write(id, 'Two.', key)).createdMessage.content).toBe('Two.')
  })

  test.each(['', 'x'.repeat(256)])('has 1 to 255 characters: %j', async (key) => {
    const { id } = await alice.converse()
    const failure = await alice.write.refuse(id, 'One.', { idempotencyKey: key })
    expect(failure).toMatchObject({ __typename: 'InvalidInput', path: 'input.idempotencyKey' })
  })
})

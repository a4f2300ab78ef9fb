import { afterAll, expect, test } from 'vitest'
import { contentsIn, createPerson, endOf, readTo, says, threadOf } from '../../harness/person.ts'
import { startServer } from '../../harness/server.ts'
import { chunks, gate, silence, startScriptedUpstream, usage } from '../../harness/upstream.ts'

const upstream = await startScriptedUpstream()
const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl })
afterAll(() => upstream.close())

const [alice, bob] = [createPerson(url, 'alice'), createPerson(url, 'bob')]

/** An answer that stands at `A mo` and goes no further, and its first viewer. */
async function running(input: object = {}) {
  upstream.reply(...chunks('A mo'), silence())
  const viewer = alice.start(crypto.randomUUID(), { messages: [says('What digs?')], ...input })
  const seen = await readTo('A mo', viewer)
  return { id: seen[0]?.completionId ?? '', viewer, seen, request: upstream.requests.at(-1) }
}

const cancelled = {
  status: 'CANCELLED',
  error: { code: 'CANCELLED', retryable: false },
  usage: { source: 'ESTIMATED', completionTokens: 2 },
  choices: [{ finishReason: null, message: { content: 'A mo', status: 'PARTIAL' } }],
}

test('cancelling stops the upstream, keeps the text, and says CANCELLED at every door', async () => {
  const { id, viewer, seen, request } = await running()
  const { completion } = await alice.cancel(id)
  expect(completion).toMatchObject(cancelled)
  await request?.closed

  const rest = await viewer.rest()
  expect(endOf(rest)).toEqual(completion)
  expect(contentsIn([...seen, ...rest])).toEqual(['A mo'])
  expect(await alice.completion(id)).toEqual(completion)
  expect(endOf(await alice.watch(id).rest())).toEqual(completion)
  const { conversation } = completion
  expect(await threadOf(alice, conversation?.id ?? '')).toEqual(['What digs?', 'A mo'])
  expect((await alice.conversation(conversation?.id ?? ''))?.activeCompletions).toEqual([])
})

test('whoever waits for the mutation gets what was cancelled as its completion', async () => {
  const before = upstream.requests.length
  upstream.reply(...chunks('A mo'), silence())
  const { id: conversationId } = await alice.converse()
  const asking = alice.ask({ conversationId, messages: [says('What digs?')] })
  await upstream.request(before)
  const [active] = (await alice.conversation(conversationId))?.activeCompletions ?? []
  await readTo('A mo', alice.watch(active?.id ?? ''))
  await alice.cancel(active?.id ?? '')
  expect((await asking).completion).toMatchObject(cancelled)
})

test('an answer goes on without the one who started it, and another client of theirs cancels it', async () => {
  const { id, viewer } = await running()
  viewer.drop()
  const elsewhere = createPerson(url, 'alice')
  expect((await elsewhere.cancel(id)).completion).toMatchObject(cancelled)
})

test('cancelled before its first byte, it has no text and costs nothing', async () => {
  const before = upstream.requests.length
  upstream.reply(silence())
  const { completion } = await alice.ask({ messages: [says('What digs?')], background: true })
  const request = await upstream.request(before)
  const after = await alice.cancel(completion.id)
  expect(after.completion).toMatchObject({
    status: 'CANCELLED',
    usage: { totalTokens: 0, source: 'NONE' },
    choices: [{ message: { content: null, status: 'PARTIAL' } }],
  })
  await request.closed
})

test("the provider's usage is kept where it came before the cancellation", async () => {
  const hold = gate()
  upstream.reply(usage(30, 4), ...chunks('A mo'), hold.wait)
  const viewer = alice.start(crypto.randomUUID(), 'What digs?')
  const [snapshot] = await readTo('A mo', viewer)
  const { completion } = await alice.cancel(snapshot?.completionId ?? '')
  expect(completion.usage).toMatchObject({ promptTokens: 30, completionTokens: 4, source: 'PROVIDER' })
})

test('an unstored answer is cancelled alike', async () => {
  const { id, request } = await running({ store: false })
  expect((await alice.cancel(id)).completion).toMatchObject({ ...cancelled, conversation: null })
  await request?.closed
})

test('cancelling twice, and at once by many, gives the same', async () => {
  const { id } = await running()
  const [first, ...others] = await Promise.all(Array.from({ length: 4 }, () => alice.cancel(id)))
  expect(first?.completion).toMatchObject(cancelled)
  for (const other of [...others, await alice.cancel(id)]) expect(other).toEqual(first)
})

test('cancelling what has ended changes nothing', async () => {
  const { completion } = await alice.ask('What digs?')
  expect(await alice.cancel(completion.id)).toEqual({ completion })
  expect(completion.status).toBe('COMPLETED')
})

test('what was cancelled can be asked again in the same place', async () => {
  const { id } = await running()
  const { conversation } = (await alice.cancel(id)).completion
  const question = (await alice.messages(conversation?.id ?? '')).edges[0]?.node.id
  await alice.ask({ parentId: question, messages: [] })
  expect(await threadOf(alice, conversation?.id ?? '')).toEqual(['What digs?', 'Hello world'])
})

test('for a stranger there is nothing to cancel, and the answer goes on', async () => {
  const hold = gate()
  upstream.reply(...chunks('A mo'), hold.wait, ...chunks('le.'))
  const viewer = alice.start(crypto.randomUUID(), 'What digs?')
  const [snapshot] = await readTo('A mo', viewer)
  expect(await bob.cancel.refuse(snapshot?.completionId ?? '')).toMatchObject({ __typename: 'NotFound' })
  hold.open()
  expect(endOf(await viewer.rest()).choices[0]?.message.content).toBe('A mole.')
})

import pg from 'pg'
import { expect, inject, onTestFinished, test } from 'vitest'
import { busyConversation } from '../../harness/busy-conversation.ts'
import { type CompletionEvent, createCompletion } from '../../harness/completion-documents.ts'
import { createPerson, type Person, readTo, says, threadOf } from '../../harness/person.ts'
import { freshDatabase, spawnServer, startServer } from '../../harness/server.ts'
import { chunks, delta, done, finish, gate, silence, startScriptedUpstream } from '../../harness/upstream.ts'

/** Of an answer that nobody waits for. */
async function begin(person: Person, more: object) {
  const { completion } = await person.ask({ messages: [says('What digs?')], background: true, ...more })
  return completion.id
}

test('who leaves while they wait for an answer stops nothing, and that is no error', async () => {
  const upstream = await startScriptedUpstream()
  onTestFinished(() => upstream.close())
  const { url, output } = await spawnServer({ OPENAI_BASE_URL: upstream.baseUrl, LOG_LEVEL: 'info' })
  const alice = createPerson(url, 'alice')
  const { id } = await alice.converse()
  const held = gate()
  upstream.reply(...chunks('A'), held.wait, delta({ content: ' mole.' }), finish('stop'), done())

  const leaving = new AbortController()
  const variables = { input: { conversationId: id, messages: [says('Who digs?')] } }
  const asked = fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Dev alice' },
    body: JSON.stringify({ query: createCompletion, variables }),
    signal: leaving.signal,
  })
  await held.reached
  leaving.abort()
  await expect(asked).rejects.toThrow()
  await alice.conversation(id)
  held.open()

  await expect.poll(() => threadOf(alice, id)).toEqual(['Who digs?', 'A mole.'])
  expect(output()).not.toContain('unexpected')
})

test('an answer that is wanted only while it is watched ends some seconds after its last viewer; others go on', async () => {
  const upstream = await startScriptedUpstream()
  onTestFinished(() => upstream.close())
  const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl })
  const alice = createPerson(url, 'alice')
  async function leave(whenUnwatched: string) {
    upstream.reply(...chunks('A mo'), silence())
    const viewer = alice.start(crypto.randomUUID(), { messages: [says('What digs?')], whenUnwatched })
    const seen = await readTo('A mo', viewer)
    const id = seen[0]?.completionId ?? ''
    const statusOf = async () => (await alice.completion(id))?.status
    return { viewer, id, statusOf, call: upstream.requests.at(-1) }
  }
  const [wanted, kept, returned] = [await leave('CANCEL'), await leave('CONTINUE'), await leave('CANCEL')]
  for (const { viewer } of [wanted, kept, returned]) await viewer.close()
  const back = alice.watch(returned.id)
  await readTo('A mo', back)

  await expect.poll(wanted.statusOf, { timeout: 30_000 }).toBe('CANCELLED')
  await wanted.call?.closed
  expect((await alice.completion(wanted.id))?.choices[0]?.message.content).toBe('A mo')
  expect([await kept.statusOf(), await returned.statusOf()]).toEqual(['IN_PROGRESS', 'IN_PROGRESS'])
  await back.close()
})

test('one that nobody comes to watch ends too, also while it waits for its turn; whoever waits for it is a viewer', async () => {
  const upstream = await startScriptedUpstream()
  onTestFinished(() => upstream.close())
  const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl })
  const alice = createPerson(url, 'alice')
  const held = gate()
  upstream.reply(...chunks('A mo'), held.wait, ...chunks('le.'), finish('stop'), done())
  const asked = alice.ask({ messages: [says('Who digs?')], whenUnwatched: 'CANCEL' })
  asked.catch(() => {})
  await held.reached
  upstream.replyAlways(() => [...chunks('A mo'), silence()])
  const unseen = await begin(alice, { whenUnwatched: 'CANCEL' })
  const { id: conversationId } = await alice.converse()
  const kept = await begin(alice, { conversationId })
  const waiting = await begin(alice, { conversationId, ifBusy: 'QUEUE', whenUnwatched: 'CANCEL' })

  for (const id of [unseen, waiting]) {
    await expect.poll(async () => (await alice.completion(id))?.status, { timeout: 30_000 }).toBe('CANCELLED')
  }
  expect((await alice.completion(kept))?.status).toBe('IN_PROGRESS')
  held.open()
  expect((await asked).completion.status).toBe('COMPLETED')
})

if (inject('database') === 'postgres') {
  test('viewers at another replica keep it going, and it ends some seconds after the last of them', async () => {
    const upstream = await startScriptedUpstream()
    onTestFinished(() => upstream.close())
    const settings = { OPENAI_BASE_URL: upstream.baseUrl, ...(await freshDatabase()) }
    const here = createPerson((await startServer(settings)).url, 'alice')
    const there = createPerson((await startServer(settings)).url, 'alice')
    upstream.replyAlways(() => [...chunks('A mo'), silence()])
    const left = await begin(here, { whenUnwatched: 'CANCEL' })
    const watched = await begin(here, { whenUnwatched: 'CANCEL' })
    const [leaving, staying] = [there.watch(left), there.watch(watched)]
    await readTo('A mo', leaving)
    await readTo('A mo', staying)
    await leaving.close()

    await expect.poll(async () => (await here.completion(left))?.status, { timeout: 40_000 }).toBe('CANCELLED')
    expect((await here.completion(watched))?.status).toBe('IN_PROGRESS')
    await staying.close()
  })

  test('one that waited at a replica and goes on at another ends too, some seconds after its last viewer', async () => {
    const upstream = await startScriptedUpstream()
    onTestFinished(() => upstream.close())
    const database = await freshDatabase()
    const settings = { OPENAI_BASE_URL: upstream.baseUrl, ...database }
    const here = createPerson((await startServer(settings)).url, 'alice')
    const there = createPerson((await startServer(settings)).url, 'alice')
    const { conversationId } = await busyConversation(upstream, here)
    upstream.replyAlways(() => [...chunks('A mo'), silence()])
    const input = { conversationId, messages: [says('And?')], ifBusy: 'QUEUE', whenUnwatched: 'CANCEL' }
    const viewer = here.start(crypto.randomUUID(), input)
    const seen = [(await viewer.next()).value as CompletionEvent]
    const id = seen[0]?.completionId ?? ''
    const client = new pg.Client(database['DATABASE_URL'])
    await client.connect()
    // As if the first replica had lost its lease.
    await client.query('UPDATE replicas SET fenced_at = now() FROM completions c WHERE c.replica_id = replicas.id')
    await client.end()
    await readTo('A mo', viewer, seen)
    await viewer.close()

    await expect.poll(async () => (await there.completion(id))?.status, { timeout: 40_000 }).toBe('CANCELLED')
  })
}

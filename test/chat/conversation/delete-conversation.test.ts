import { afterAll, expect, test } from 'vitest'
import { createPerson, readTo, says } from '../../harness/person.ts'
import { freshDatabase, startServer } from '../../harness/server.ts'
import { storedRows } from '../../harness/stored-rows.ts'
import { chunk, chunks, done, finish, refusal, silence, startScriptedUpstream, usage } from '../../harness/upstream.ts'
import { within } from '../../harness/within.ts'

const upstream = await startScriptedUpstream()
afterAll(() => upstream.close())

const rounds = 12

async function serverWithAlice() {
  const database = await freshDatabase()
  const { url, close } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl, ...database })
  return {
    alice: createPerson(url, 'alice'),
    async rows() {
      await close()
      return storedRows(database)
    },
  }
}

test('a conversation that is deleted while somebody asks in it leaves no call to the model, and nothing in the log', async () => {
  const { alice, rows } = await serverWithAlice()
  const before = upstream.requests.length
  upstream.replyAlways(() => [...chunks('A mo'), silence()])
  for (let round = 0; round < rounds; round++) {
    const { id: conversationId } = await alice.converse()
    const question = { conversationId, messages: [says('What digs?')], background: true }
    const asked = alice.ask(question).catch((error: Error) => expect(error.message).toContain('NotFound'))
    await Promise.all([asked, alice.remove(conversationId)])
  }
  const calls = upstream.requests.slice(before)
  await within(20_000, Promise.all(calls.map(({ closed }) => closed)))
  const left = await rows()
  expect(left.filter(({ table }) => table === 'answer_log' || table === 'conversations')).toEqual([])
  const completions = left.filter(({ table }) => table === 'completions').map(({ row }) => JSON.parse(row))
  expect(completions.filter(({ status }) => status !== 'CANCELLED')).toEqual([])
})

// Stands in all that people and the model say.
const canary = 'canary-51d2'

const parameters = {
  user: canary,
  stop: [canary],
  tools: [{ name: canary, description: canary, parameters: { type: 'object', description: canary } }],
  extraBody: { [canary]: canary },
  metadata: [{ key: canary, value: canary }],
}

/** Answered, refused by the provider in words of its own, still written, and waiting. */
async function converseAbout(alice: ReturnType<typeof createPerson>) {
  const { id: conversationId } = await alice.converse({ title: canary, systemPrompt: canary })
  const input = { conversationId, messages: [{ ...says(canary), name: canary }], ...parameters }
  const message = { content: canary, reasoning_content: canary }
  const logprobs = { content: [{ token: canary, logprob: -1, bytes: null, top_logprobs: [] }] }
  upstream.reply(
    chunk([{ index: 0, delta: message, finish_reason: null, logprobs }]),
    ...[finish('stop'), usage(9, 2), done()],
  )
  await alice.ask(input)
  upstream.reply(refusal(400, { message: `Invalid value: ${canary}` }))
  await alice.ask.refuse(input)
  upstream.reply(...chunks(canary), silence())
  const written = await alice.ask({ ...input, background: true })
  await readTo(canary, alice.watch(written.completion.id))
  await alice.ask({ ...input, background: true, ifBusy: 'QUEUE' })
  return conversationId
}

test('of a deleted conversation nothing stays but what the bill needs', async () => {
  const { alice, rows } = await serverWithAlice()
  const requesterId = await alice.id()
  await alice.remove(await converseAbout(alice))
  const left = await rows()
  expect(left.filter(({ row }) => row.includes(canary))).toEqual([])
  const completions = left.filter(({ table }) => table === 'completions').map(({ row }) => JSON.parse(row))
  expect(completions.map(({ status }) => status).sort()).toEqual(['CANCELLED', 'CANCELLED', 'COMPLETED', 'FAILED'])
  expect(completions.find(({ status }) => status === 'COMPLETED')).toMatchObject({
    model: 'test-model',
    model_used: 'test-model',
    prompt_tokens: 9,
    completion_tokens: 2,
    usage_source: 'PROVIDER',
    finished_at: expect.any(String),
  })
  for (const { requester_id } of completions)
    expect(Buffer.from(requesterId, 'base64').toString()).toContain(requester_id)
})

test('of deleted messages nothing stays that was said in them', async () => {
  const { alice, rows } = await serverWithAlice()
  upstream.reply(...chunks(canary), finish('stop'), done())
  const { conversation } = await alice.ask({ messages: [{ ...says(canary), name: canary }] })
  const id = conversation?.id ?? ''
  await expect.poll(async () => (await alice.conversation(id))?.title).toBe(canary)
  for (const { node } of (await alice.messages(id)).edges) await alice.erase(node.id)
  expect((await alice.conversation(id))?.title).toBeNull()
  expect((await rows()).filter(({ row }) => row.includes(canary))).toEqual([])
})

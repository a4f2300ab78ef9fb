import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, expect, inject, test } from 'vitest'
import type { CompletionEvent } from '../../harness/completion-documents.ts'
import { createPerson, type Person, says } from '../../harness/person.ts'
import { freshDatabase, spawnServer, startServer } from '../../harness/server.ts'
import { chunk, chunks, delta, done, silence, startScriptedUpstream } from '../../harness/upstream.ts'

const upstream = await startScriptedUpstream()
afterAll(() => upstream.close())

const [one, two, nine] = [1, 2, 9].map((dollars) => ({ promptPerMillion: dollars, completionPerMillion: dollars }))

async function fileOf(...upstreams: object[]) {
  const file = join(await mkdtemp(join(inject('folder'), 'upstreams-')), 'upstreams.json')
  await writeFile(file, JSON.stringify(upstreams.map((entry) => ({ baseUrl: upstream.baseUrl, ...entry }))))
  return file
}

const cost = 'query ($id: ID!) { node(id: $id) { ... on Completion { usage { costMicros } } } }'

test.each([
  ['of the model asked for, where that of the model used is unknown', { 'gpt-4o': two }, 'gpt-4o-2024-08-06', 4000],
  ['of the model used before that of the model asked for', { 'gpt-4o': nine, 'gpt-5': two }, 'gpt-5', 4000],
  ['of the model asked for before that of a pattern', { '*': nine, 'gpt-4o': one }, 'gpt-4o-2024-08-06', 2000],
  ['of a pattern', { 'gpt-4o-*': two, 'gpt-*': nine }, 'gpt-4o-2024-08-06', 4000],
  ['of the model asked for, where the upstream names none', { 'gpt-4o': two }, null, 4000],
  ['that nobody gave is unknown', { 'gpt-5': two }, 'gpt-4o-2024-08-06', null],
])('the cost is counted with the price %s', async (_, prices, used, costMicros) => {
  const server = await startServer({ UPSTREAMS_FILE: await fileOf({ name: 'scripted', prices }) })
  const alice = createPerson(server.url, 'alice')
  const counts = { prompt_tokens: 1000, completion_tokens: 1000 }
  upstream.reply(chunk([{ index: 0, delta: { content: 'A mole.' } }], { model: used, usage: counts }), done())
  const { completion } = await alice.ask({ model: 'gpt-4o', messages: [says('What digs?')] })
  expect(await alice.request(cost, { id: completion.id })).toEqual({ node: { usage: { costMicros } } })
  await server.close()
})

const lastCall = { index: 0, id: 'call', function: { name: 'dig', arguments: '{"where":"in the garden"}' } }
const hasCall = (event: CompletionEvent) =>
  'choices' in event && event.choices.some(({ toolCalls }) => toolCalls.length > 0)

/** An answer that has come to a tool call and goes no further. */
async function standing(alice: Person) {
  upstream.reply(...chunks('A mo'), delta({ refusal: 'I will not.' }), delta({ tool_calls: [lastCall] }), silence())
  const { completion } = await alice.ask({ model: 'gpt-4o', messages: [says('What digs?')], background: true })
  await alice.watch(completion.id).until(hasCall)
  return completion.id
}

async function usageOf(alice: Person, id: string) {
  const document = `query ($id: ID!) { node(id: $id) { ... on Completion {
    error { code } usage { promptTokens completionTokens totalTokens costMicros source }
  } } }`
  type Usage = { totalTokens: number; costMicros: number | null }
  return (await alice.request<{ node: { error: object; usage: Usage } }>(document, { id })).node
}

test('an answer whose server was lost is counted and priced as one that was cancelled there', async () => {
  const others = { name: 'others', models: ['llama-*'], prices: { '*': nine } }
  const UPSTREAMS_FILE = await fileOf(others, { name: 'scripted', prices: { 'gpt-4o': two } })
  const settings = { UPSTREAMS_FILE, LEASE_MS: '3000', ...(await freshDatabase()) }
  const server = await spawnServer(settings)
  const before = createPerson(server.url, 'alice')
  const cancelled = await standing(before)
  await before.cancel(cancelled)
  const lost = await standing(before)
  await server.kill('SIGKILL')

  const alice = createPerson((await startServer(settings)).url, 'alice')
  await alice.watch(lost).rest()
  const { usage } = await usageOf(alice, cancelled)
  expect(usage.costMicros).toBe(2 * usage.totalTokens)
  expect(await usageOf(alice, lost)).toEqual({ error: { code: 'SERVER_LOST' }, usage })
})

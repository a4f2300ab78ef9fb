import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, expect, inject, test } from 'vitest'
import { createPerson, says } from '../person.ts'
import { startServer } from '../server.ts'
import { chunk, done, startScriptedUpstream } from '../upstream-server.ts'

const upstream = await startScriptedUpstream()
afterAll(() => upstream.close())

const [one, two, nine] = [1, 2, 9].map((dollars) => ({ promptPerMillion: dollars, completionPerMillion: dollars }))
const cost = 'query ($id: ID!) { node(id: $id) { ... on Completion { usage { costMicros } } } }'

test.each([
  ['of the model asked for, where that of the model used is unknown', { 'gpt-4o': two }, 'gpt-4o-2024-08-06', 4000],
  ['of the model used before that of the model asked for', { 'gpt-4o': nine, 'gpt-5': two }, 'gpt-5', 4000],
  ['of the model asked for before that of a pattern', { '*': nine, 'gpt-4o': one }, 'gpt-4o-2024-08-06', 2000],
  ['of a pattern', { 'gpt-4o-*': two, 'gpt-*': nine }, 'gpt-4o-2024-08-06', 4000],
  ['of the model asked for, where the upstream names none', { 'gpt-4o': two }, null, 4000],
  ['that nobody gave is unknown', { 'gpt-5': two }, 'gpt-4o-2024-08-06', null],
])('the cost is counted with the price %s', async (_, prices, used, costMicros) => {
  const file = join(await mkdtemp(join(inject('folder'), 'upstreams-')), 'upstreams.json')
  await writeFile(file, JSON.stringify([{ name: 'scripted', baseUrl: upstream.baseUrl, prices }]))
  const server = await startServer({ UPSTREAMS_FILE: file })
  const alice = createPerson(server.url, 'alice')
  const counts = { prompt_tokens: 1000, completion_tokens: 1000 }
  upstream.reply(chunk([{ index: 0, delta: { content: 'A mole.' } }], { model: used, usage: counts }), done())
  const { completion } = await alice.ask({ model: 'gpt-4o', messages: [says('What digs?')] })
  expect(await alice.request(cost, { id: completion.id })).toEqual({ node: { usage: { costMicros } } })
  await server.close()
})

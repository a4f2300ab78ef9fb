import { expect, onTestFinished, test } from 'vitest'
import { createCompletion } from '../documents.ts'
import { createPerson, says, threadOf } from '../person.ts'
import { spawnServer } from '../server.ts'
import { chunks, delta, done, finish, gate, startScriptedUpstream } from '../upstream-server.ts'

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

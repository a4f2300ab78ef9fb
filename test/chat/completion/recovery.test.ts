import { afterAll, expect, test } from 'vitest'
import { readSettings } from '../../../src/config.ts'
import { openDatabase } from '../../../src/database/database.ts'
import { createPerson, readTo, says } from '../../harness/person.ts'
import { freshDatabase, spawnServer, startServer } from '../../harness/server.ts'
import { chunk, silence, startScriptedUpstream } from '../../harness/upstream.ts'

const upstream = await startScriptedUpstream()
afterAll(() => upstream.close())

// What the database refuses for ever: a value that no answer may have, of which one is only in the log probabilities.
const constraints = [
  'ALTER TABLE messages ADD CHECK (logprobs IS NULL)',
  "ALTER TABLE messages ADD CHECK (content <> 'A vole')",
]
const logprobs = { content: [{ token: 'A', logprob: -1, bytes: null, top_logprobs: [] }] }

test('an answer whose end the database refuses gets a plain one, and keeps no other from its end', async () => {
  const settings = { OPENAI_BASE_URL: upstream.baseUrl, LEASE_MS: '3000', ...(await freshDatabase()) }
  const server = await spawnServer(settings)
  const before = createPerson(server.url, 'alice')
  const begun = async (content: string, more: object = {}) => {
    upstream.reply(chunk([{ index: 0, delta: { content }, finish_reason: null, ...more }]), silence())
    const { completion } = await before.ask({ messages: [says('What digs?')], logprobs: true, background: true })
    await readTo(content, before.watch(completion.id))
    return completion.id
  }
  const hopeless = await begun('A vole')
  const refused = await begun('A mole', { logprobs })
  const others = [await begun('A rabbit'), await begun('A badger')]
  await server.kill('SIGKILL')
  const { query, close } = await openDatabase(readSettings(settings))
  for (const constraint of constraints) await query(constraint)
  await close()

  const alice = createPerson((await startServer(settings)).url, 'alice')
  const statusOf = async (id: string) => (await alice.completion(id))?.status
  for (const id of others) await expect.poll(() => statusOf(id), { timeout: 30_000 }).toBe('INTERRUPTED')
  expect(await alice.completion(refused)).toMatchObject({
    status: 'FAILED',
    error: { code: 'UPSTREAM_PROTOCOL', message: 'The answer could not be understood.' },
    usage: { source: 'ESTIMATED' },
    choices: [{ message: { content: 'A mole', status: 'PARTIAL' } }],
  })
  expect(await statusOf(hopeless)).toBe('IN_PROGRESS')
  expect((await alice.ask('What else digs?')).completion.status).toBe('COMPLETED')
})

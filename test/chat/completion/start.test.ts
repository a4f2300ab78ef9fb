import { expect, test, vi } from 'vitest'
import { query, subscribe } from '../../harness/client.ts'
import { createPerson } from '../../harness/person.ts'
import { freshDatabase, spawnServer, startServer } from '../../harness/server.ts'
import { startScriptedUpstream } from '../../harness/upstream.ts'

const completionStream = `subscription ($input: CompletionStreamInput!) {
  completionStream(input: $input) {
    __typename
    ... on CompletionSnapshot { choices { content } }
    ... on CompletionDelta { choices { content } }
    ... on CompletionEnded { completion { status choices { message { content } } } }
  }
}`

interface Streamed {
  completionStream: { __typename: string; choices?: { content: string }[]; completion?: unknown }
}

test('a process serves at the address that it prints, and ends with 0 on SIGTERM', async () => {
  const server = await spawnServer()
  expect(await query(server.url, '{ viewer { name } }', {}, { as: 'alice' })).toEqual({ viewer: { name: 'alice' } })
  expect(await server.kill('SIGTERM')).toEqual({ code: 0, signal: null })
})

test('a conversation is there after its server was killed and started again', async () => {
  const database = await freshDatabase()
  const killed = await spawnServer(database)
  const { id } = await createPerson(killed.url, 'alice').converse({ title: 'Moles' })
  await killed.kill('SIGKILL')

  const server = await startServer(database)
  expect(await createPerson(server.url, 'alice').conversation(id)).toMatchObject({ title: 'Moles' })
})

test('a HOST that is not this machine stops the start with one line', async () => {
  // Of the addresses that are kept for documents: https://www.rfc-editor.org/rfc/rfc5737
  const start = spawnServer({ HOST: '203.0.113.5', AUTH_DEV: 'allow', ...(await freshDatabase()) })
  await expect(start).rejects.toThrow(/exited with 1: antiphon: HOST: listen EADDRNOTAVAIL.*\n$/)
})

test('a misspelt setting stops the start with a line that names it', async () => {
  await expect(spawnServer({ OPENAI_APIKEY: 'secret' })).rejects.toThrow(/exited with 1: .*OPENAI_APIKEY/)
})

test('a key in the address of an upstream goes up, and is not printed', async () => {
  const upstream = await startScriptedUpstream()
  const server = await spawnServer({ OPENAI_BASE_URL: `${upstream.baseUrl}?api-key=canary`, DEFAULT_MODEL: 'mole-1' })
  await createPerson(server.url, 'alice').ask('What digs?')
  expect(upstream.requests.at(-1)?.path).toBe('/v1/chat/completions?api-key=canary')
  await vi.waitFor(() => expect(server.output()).toContain(`openai at ${upstream.baseUrl}\n`))
  expect(server.output()).not.toContain('canary')
  await server.kill('SIGTERM')
  await upstream.close()
})

test.each(['websocket', 'sse'] as const)('an answer streams over %s from its snapshot to its end', async (over) => {
  const upstream = await startScriptedUpstream()
  const server = await startServer({ OPENAI_BASE_URL: upstream.baseUrl })
  const start = { completion: { messages: [{ role: 'USER', content: 'Hello?' }] }, idempotencyKey: over }
  const events = await subscribe<Streamed>(server.url, completionStream, { input: { start } }, { over }).rest()

  const stream = events.map((event) => event.completionStream)
  expect(stream[0]?.__typename).toBe('CompletionSnapshot')
  expect(stream.flatMap(({ choices = [] }) => choices.map(({ content }) => content)).join('')).toBe('Hello world')
  expect(stream.at(-1)).toEqual({
    __typename: 'CompletionEnded',
    completion: { status: 'COMPLETED', choices: [{ message: { content: 'Hello world' } }] },
  })
  await upstream.close()
})

import pg from 'pg'
import { afterAll, expect, inject, test } from 'vitest'
import { createPerson, says } from '../../harness/person.ts'
import { freshDatabase, startServer } from '../../harness/server.ts'
import {
  chunk,
  chunks,
  done,
  event,
  finish,
  head,
  raw,
  type Step,
  startScriptedUpstream,
} from '../../harness/upstream.ts'

const upstream = await startScriptedUpstream()
const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl })
afterAll(() => upstream.close())

const alice = createPerson(url, 'alice')
const [nul, half, lost] = ['\0', '\ud83d', '\ufffd']
const million = 'x'.repeat(1_000_000)
const maxInt = 2 ** 31 - 1

const answerWith = (fields: object): Step[] => [chunk([], fields), ...chunks('A mole.'), finish('stop'), done()]
const counting = (counts: object) => ({
  usage: { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11, ...counts },
})
// Azure begins each answer so, with what its filter says of the prompt.
const azureOpening = { id: '', created: 0, model: '', object: '', prompt_filter_results: [{ prompt_index: 0 }] }

test.each([
  ['an id with NUL', { id: `a${nul}b` }, { upstreamId: `a${lost}b` }],
  ['half a character in its id', { id: `a${half}` }, { upstreamId: `a${lost}` }],
  ['half a character in the name of the model', { model: `m${half}` }, { modelUsed: `m${lost}` }],
  ['NUL in its fingerprint', { system_fingerprint: nul }, { systemFingerprint: lost }],
  ['NUL in its service tier', { service_tier: nul }, { serviceTier: lost }],
  ['milliseconds for seconds', { created: 1_712_345_678_000 }, { created: 1_700_000_000 }],
  ['no more than empty names at first', azureOpening, { upstreamId: 'chatcmpl-test', modelUsed: 'test-model' }],
  ['0 for a time at first', azureOpening, { created: 1_700_000_000 }],
  ['an id of a million characters', { id: million }, { upstreamId: 'chatcmpl-test' }],
  ['a model of a million characters', { model: million }, { modelUsed: 'test-model' }],
  [
    'a usage without counts',
    { usage: { prompt_tokens: null } },
    { usage: { completionTokens: 3, source: 'ESTIMATED' } },
  ],
  [
    'a usage of nothing but zeros',
    { usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 } },
    { usage: { completionTokens: 3, source: 'ESTIMATED' } },
  ],
  ['a count beyond all bounds', counting({ total_tokens: maxInt + 1 }), { usage: { source: 'ESTIMATED' } }],
  ['a sum beyond all bounds', counting({ prompt_tokens: maxInt, total_tokens: 0 }), { usage: { source: 'ESTIMATED' } }],
])('an upstream that sends %s is heard to the end', async (_, fields, kept) => {
  upstream.reply(...answerWith(fields))
  const { completion } = await alice.ask('What digs?')
  const choices = [{ message: { content: 'A mole.' } }]
  expect(completion).toMatchObject({ status: 'COMPLETED', choices, ...kept })
  expect(await alice.completion(completion.id)).toMatchObject({ status: 'COMPLETED', choices, ...kept })
})

const halfError = `{"error":{"message":"m\\ud83d","type":"t\\u0000","code":"c\\udc00","param":"p\\u0000"}}`
const lostError = { message: `m${lost}`, type: `t${lost}`, providerCode: `c${lost}`, param: `p${lost}` }

test.each([
  ['refuses', [head(400, { 'content-type': 'application/json' }), raw(halfError)], 'UPSTREAM_REFUSED'],
  ['breaks off', [...chunks('A mo'), event(halfError)], 'UPSTREAM_ERROR'],
])('an upstream that %s with half a character in its words is heard, and the conversation goes on', async (...row) => {
  const [, script, code] = row
  upstream.reply(...script)
  const { completion } = await alice.ask.refuse('What digs?')
  expect(completion).toMatchObject({ status: 'FAILED', error: { code, ...lostError } })
  const { error } = (await alice.completion(completion?.id ?? '')) ?? {}
  expect(error).toEqual(completion?.error)
  await alice.ask({ conversationId: completion?.conversation?.id, messages: [says('Go on.')] })
})

test('the usage of a conversation whose sum no Int holds is the largest one', async () => {
  const { id: conversationId } = await alice.converse()
  for (const content of ['One?', 'Two?']) {
    upstream.reply(...answerWith(counting({ total_tokens: maxInt })))
    await alice.ask({ conversationId, messages: [says(content)] })
  }
  const document = 'query ($id: ID!) { conversation(id: $id) { usage { promptTokens totalTokens costMicros } } }'
  const { conversation } = await alice.request<{ conversation: object }>(document, { id: conversationId })
  expect(conversation).toEqual({ usage: { promptTokens: 18, totalTokens: maxInt, costMicros: null } })
})

test('models that were made beyond all times are listed', async () => {
  upstream.replyModels(({ response }) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ data: [{ id: 'late', created: 1_712_345_678_000 }] }))
  })
  const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl })
  const { models } = await createPerson(url, 'alice').request<{ models: object[] }>('{ models { id created } }')
  expect(models).toEqual([{ id: 'late', created: null }])
})

if (inject('database') === 'postgres') {
  test('an ending that the database refuses for ever is replaced by a plain one, which keeps the text', async () => {
    const database = await freshDatabase()
    const server = await startServer({ OPENAI_BASE_URL: upstream.baseUrl, ...database })
    const person = createPerson(server.url, 'alice')
    const client = new pg.Client(database['DATABASE_URL'])
    await client.connect()
    await client.query(`ALTER TABLE completions ADD CHECK (upstream_id IS NULL)`)
    await client.end()
    const { completion } = await person.ask.refuse('What digs?')
    expect(completion).toMatchObject({
      status: 'FAILED',
      upstreamId: null,
      error: { code: 'UPSTREAM_PROTOCOL', message: 'The answer could not be understood.' },
      usage: { completionTokens: 2, source: 'ESTIMATED' },
      choices: [{ message: { content: 'Hello world', status: 'COMPLETE' } }],
    })
    expect(await person.completion(completion?.id ?? '')).toEqual(completion)
    await person.remove(completion?.conversation?.id ?? '')
  })
}

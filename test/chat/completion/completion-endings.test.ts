import { afterAll, describe, expect, test } from 'vitest'
import type { Completion } from '../../harness/completion-documents.ts'
import { contentsIn, createPerson, says } from '../../harness/person.ts'
import { startServer } from '../../harness/server.ts'
import {
  chunks,
  delta,
  destroy,
  done,
  event,
  finish,
  head,
  json,
  raw,
  refusal,
  type Step,
  silence,
  startScriptedUpstream,
} from '../../harness/upstream.ts'

const key = 'sk-canary-5e1d0c'
const upstream = await startScriptedUpstream()
const { url } = await startServer({
  OPENAI_BASE_URL: upstream.baseUrl,
  OPENAI_API_KEY: key,
  UPSTREAM_FIRST_BYTE_MS: '2000',
  UPSTREAM_IDLE_MS: '1500',
})
afterAll(() => upstream.close())

const alice = createPerson(url, 'alice')
const begun = chunks('A mo')
const namelessCall = delta({ tool_calls: [{ index: 0, id: 'call_1', function: { arguments: '{}' } }] })
const soon = { 'retry-after-ms': '1' }

interface Ending {
  status: 'FAILED' | 'INTERRUPTED'
  error: Record<string, unknown>
  /** null where nothing came. */
  text: string | null
  requests: number
}

function failed(code: string, error: object = {}, rest: Partial<Ending> = {}): Ending {
  return { status: 'FAILED', error: { code, ...error }, text: null, requests: 1, ...rest }
}

function cutOff(code: string, text: string | null = 'A mo', requests = 1): Ending {
  return { status: 'INTERRUPTED', error: { code, retryable: true }, text, requests }
}

const quoting = (status: number) => refusal(status, { message: `Bad: ${key}`, code: `c ${key}`, param: key, type: key })

const faults: [name: string, script: Step[], ending: Ending][] = [
  [
    'refuses with 400',
    [refusal(400, { message: 'Too warm.', code: 'too_warm', type: 'invalid_request_error', param: 'temperature' })],
    failed('UPSTREAM_REFUSED', {
      message: 'Too warm.',
      providerCode: 'too_warm',
      type: 'invalid_request_error',
      param: 'temperature',
      httpStatus: 400,
      retryable: false,
    }),
  ],
  ['refuses with 400 and quotes the key', [quoting(400)], failed('UPSTREAM_REFUSED', { httpStatus: 400 })],
  ['refuses with 401 and quotes the key', [quoting(401)], failed('UPSTREAM_AUTH', { httpStatus: 401 })],
  ['refuses with 403', [refusal(403)], failed('UPSTREAM_AUTH', { httpStatus: 403, retryable: false })],
  ['refuses with 404', [refusal(404)], failed('UPSTREAM_REFUSED', { httpStatus: 404, retryable: false })],
  [
    'filters the question',
    [refusal(400, { code: 'content_filter' })],
    failed('CONTENT_FILTER', { providerCode: 'content_filter' }),
  ],
  [
    'says 429 three times',
    [refusal(429, {}, soon)],
    failed('UPSTREAM_RATE_LIMITED', { httpStatus: 429, retryable: true }, { requests: 3 }),
  ],
  [
    'says 429 as the quota is used up',
    [refusal(429, { code: 'insufficient_quota' }, soon)],
    failed('UPSTREAM_RATE_LIMITED', { providerCode: 'insufficient_quota', retryable: false }),
  ],
  [
    'says 500 three times',
    [refusal(500, {}, soon)],
    failed('UPSTREAM_UNAVAILABLE', { httpStatus: 500, retryable: true }, { requests: 3 }),
  ],
  [
    'answers with a page',
    [head(200, { 'content-type': 'text/html' }), raw('<html>Welcome</html>')],
    failed('UPSTREAM_PROTOCOL'),
  ],
  ['answers with a document', [json({ choices: [] })], failed('UPSTREAM_PROTOCOL')],
  [
    'reports an error mid-stream, and quotes the key',
    [...begun, event({ error: { message: `Overloaded, ${key}`, code: 'overloaded', type: 'server_error' } })],
    failed('UPSTREAM_ERROR', { providerCode: 'overloaded', type: 'server_error', retryable: true }, { text: 'A mo' }),
  ],
  ['breaks the format mid-stream', [...begun, event('{"choices":')], failed('UPSTREAM_PROTOCOL', {}, { text: 'A mo' })],
  [
    'sends a choice that was not asked for',
    [...begun, delta({ content: 'lost' }, 1), finish('stop', 1), done()],
    failed('UPSTREAM_PROTOCOL', {}, { text: 'A mo' }),
  ],
  [
    'finishes a choice that was not asked for alone',
    [...begun, finish('stop', 1)],
    failed('UPSTREAM_PROTOCOL', {}, { text: 'A mo' }),
  ],
  [
    'never names a tool call',
    [...begun, namelessCall, finish('tool_calls'), done()],
    failed('UPSTREAM_PROTOCOL', {}, { text: 'A mo' }),
  ],
  [
    'never names a tool call, nor finishes',
    [...begun, namelessCall, done()],
    failed('UPSTREAM_PROTOCOL', {}, { text: 'A mo' }),
  ],
  ['is reset mid-stream', [...begun, destroy()], cutOff('UPSTREAM_RESET')],
  ['ends without a finish', begun, cutOff('UPSTREAM_TRUNCATED')],
  ['falls silent mid-stream', [...begun, silence()], cutOff('IDLE_TIMEOUT')],
  ['says nothing at all', [silence()], cutOff('FIRST_BYTE_TIMEOUT', null)],
]

/** Puts the script in the way of all the requests that one question makes. */
function provoke(script: Step[], { requests }: Ending) {
  for (let request = 0; request < requests; request++) upstream.reply(...script)
}

function endingOf({ status, error, text }: Ending) {
  const message = { content: text, status: 'PARTIAL', role: 'ASSISTANT' }
  return { status, error, choices: [{ index: 0, finishReason: null, message }] }
}

describe('when the upstream', () => {
  test.each(faults)('%s, every door says so and keeps the text', async (_, script, ending) => {
    const before = upstream.requests.length
    provoke(script, ending)
    const failure = await alice.ask.refuse('What digs?')
    expect(upstream.requests).toHaveLength(before + ending.requests)
    expect(upstream.requests.at(-1)?.headers.authorization).toBe(`Bearer ${key}`)

    const { code, retryable, message, httpStatus, providerCode, param } = failure.completion?.error ?? {}
    const shown = { code, retryable, message, httpStatus, providerCode, param }
    expect(failure).toMatchObject({ __typename: 'UpstreamError', ...shown, completion: endingOf(ending) })
    expect(failure.completion?.attempts).toHaveLength(ending.requests)
    expect(failure.requestId).toBe(failure.completion?.requestId)

    const completion = failure.completion as Completion
    expect(await alice.completion(completion.id)).toEqual(completion)
    const [messageId = ''] = completion.choices.map((choice) => choice.message.id)
    expect(await alice.message(messageId)).toMatchObject({ content: ending.text, status: 'PARTIAL' })

    const watched = await alice.watch(completion.id).rest()
    expect(watched.map((event) => event.__typename)).toEqual(['CompletionSnapshot', 'CompletionEnded'])
    expect(watched.at(-1)).toMatchObject({ completion })
    expect(contentsIn(watched).join('')).toBe(ending.text ?? '')

    provoke(script, ending)
    const streamed = await alice.start(crypto.randomUUID(), 'What digs?').rest()
    expect(streamed.at(-1)).toMatchObject({ __typename: 'CompletionEnded', completion: endingOf(ending) })
    expect(contentsIn(streamed).join('')).toBe(ending.text ?? '')

    expect(JSON.stringify([failure, watched, streamed])).not.toContain('canary')
  })

  test('cannot be reached, the completion is FAILED with UPSTREAM_UNAVAILABLE after the retries', async () => {
    const gone = await startScriptedUpstream()
    await gone.close()
    const server = await startServer({ OPENAI_BASE_URL: gone.baseUrl, DEFAULT_MODEL: 'x' })
    const failure = await createPerson(server.url, 'alice').ask.refuse('What digs?')
    expect(failure).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', httpStatus: null, completion: { status: 'FAILED' } })
    expect(failure.completion?.attempts).toHaveLength(3)
  })

  test.each([
    ['answers after 429 and 500', [[refusal(429, {}, soon)], [refusal(500, {}, soon)], [...begun, finish('stop')]], 3],
    ['ends with a finish and no [DONE]', [[...begun, finish('stop')]], 1],
  ])('%s, the completion is whole', async (_, scripts, attempts) => {
    for (const script of scripts) upstream.reply(...script)
    const { completion } = await alice.ask('What digs?')
    expect(completion).toMatchObject({
      status: 'COMPLETED',
      error: null,
      choices: [{ finishReason: 'STOP', message: { content: 'A mo', status: 'COMPLETE' } }],
    })
    expect(completion.attempts).toHaveLength(attempts)
  })

  test('ends with [DONE] and no finish, the completion is whole and its finish is UNKNOWN', async () => {
    upstream.reply(...begun, done())
    const { completion } = await alice.ask('What digs?')
    expect(completion).toMatchObject({ status: 'COMPLETED', choices: [{ finishReason: 'UNKNOWN' }] })
  })
})

test('what was refused costs nothing, and what was cut off is estimated', async () => {
  upstream.reply(refusal(400))
  const refused = await alice.ask.refuse('What digs?')
  expect(refused.completion?.usage).toMatchObject({ totalTokens: 0, source: 'NONE' })
  upstream.reply(...begun, destroy())
  const cut = await alice.ask.refuse('What digs?')
  expect(cut.completion?.usage).toMatchObject({ completionTokens: 2, source: 'ESTIMATED' })
})

test('choices that had finished before the cut are COMPLETE, and the others PARTIAL', async () => {
  upstream.reply(...begun, finish('stop'), destroy())
  const failure = await alice.ask.refuse({ messages: [says('What digs?')], n: 2 })
  expect(failure.completion?.choices).toMatchObject([
    { finishReason: 'STOP', message: { content: 'A mo', status: 'COMPLETE' } },
    { finishReason: null, message: { content: null, status: 'PARTIAL' } },
  ])
})

test('a conversation goes on after an answer that failed, and what was written of it is sent', async () => {
  upstream.reply(...begun, destroy())
  const failure = await alice.ask.refuse('What digs?')
  const conversationId = failure.completion?.conversation?.id
  await alice.ask({ conversationId, messages: [says('Go on.')] })
  expect(upstream.requests.at(-1)?.body['messages']).toMatchObject([
    { role: 'user', content: 'What digs?' },
    { role: 'assistant', content: 'A mo' },
    { role: 'user', content: 'Go on.' },
  ])
})

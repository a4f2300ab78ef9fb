import { createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { chunks, destroy, done, head, json, refusal, type Step, silence } from '../harness/upstream.ts'
import { type Answer, ask, codeOf, connect, scripted, settingsFor, start } from '../harness/upstream-asking.ts'

const soon = { 'retry-after-ms': '1' }
const key = 'sk-canary-0123456789'

async function unusedBaseUrl() {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/v1`
}

describe('before the first byte', () => {
  test.each<[string, Step]>([
    ['408', refusal(408, {}, soon)],
    ['409', refusal(409, {}, soon)],
    ['429', refusal(429, {}, soon)],
    ['500', refusal(500, {}, soon)],
    ['529', refusal(529, {}, soon)],
    ['a lost connection', destroy()],
    ['a 400 that should be retried', refusal(400, {}, { ...soon, 'x-should-retry': 'true' })],
  ])('%s is retried until it succeeds', async (_, fault) => {
    const { server, upstreams } = await start()
    server.reply(fault)
    const answer = await ask(upstreams)
    expect(answer).toMatchObject({ error: null, text: 'Hello world' })
    expect(answer.attempts).toHaveLength(2)
    expect(server.requests.map(({ text }) => text)).toEqual([server.requests[0]?.text, server.requests[0]?.text])
  })

  test.each<[string, Step, number, Partial<Record<string, unknown>>]>([
    ['503', refusal(503, {}, soon), 3, { code: 'UPSTREAM_UNAVAILABLE', httpStatus: 503, retryable: true }],
    ['429', refusal(429, {}, soon), 3, { code: 'UPSTREAM_RATE_LIMITED', httpStatus: 429, retryable: true }],
    ['409', refusal(409, {}, soon), 3, { code: 'UPSTREAM_REFUSED', httpStatus: 409, retryable: true }],
    [
      'a quota that is used up',
      refusal(429, { code: 'insufficient_quota' }, soon),
      1,
      { code: 'UPSTREAM_RATE_LIMITED', retryable: false },
    ],
    [
      'a 503 that should not be retried',
      refusal(503, {}, { ...soon, 'x-should-retry': 'false' }),
      1,
      { code: 'UPSTREAM_UNAVAILABLE' },
    ],
    ['400', refusal(400), 1, { code: 'UPSTREAM_REFUSED', httpStatus: 400, retryable: false }],
    ['404', refusal(404), 1, { code: 'UPSTREAM_REFUSED', httpStatus: 404, retryable: false }],
    ['413', refusal(413), 1, { code: 'UPSTREAM_REFUSED', httpStatus: 413, retryable: false }],
    ['422', refusal(422), 1, { code: 'UPSTREAM_REFUSED', httpStatus: 422, retryable: false }],
    ['401', refusal(401), 1, { code: 'UPSTREAM_AUTH', httpStatus: 401, retryable: false }],
    ['403', refusal(403), 1, { code: 'UPSTREAM_AUTH', httpStatus: 403, retryable: false }],
    [
      'a filter',
      refusal(400, { code: 'content_filter' }),
      1,
      { code: 'CONTENT_FILTER', httpStatus: 400, retryable: false },
    ],
  ])('%s that stays ends after the tries it deserves', async (_, fault, tries, error) => {
    const { server, upstreams } = await start()
    server.replyAlways(() => [fault])
    const answer = await ask(upstreams)
    expect(answer.error).toMatchObject(error)
    expect(answer.responses).toEqual([])
    expect(answer.attempts.map((attempt) => attempt.error)).toEqual(Array(tries).fill(error['code']))
    expect(server.requests).toHaveLength(tries)
  })

  test('a connection that nobody takes is tried three times, and told without an address', async () => {
    const answer = await ask(connect(settingsFor(await unusedBaseUrl())))
    expect(answer.error).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', httpStatus: null, retryable: true })
    expect(String(answer.error)).not.toContain('127.0.0.1')
    expect(answer.attempts).toHaveLength(3)
  })

  test('no retry begins after the deadline', async () => {
    const { server, upstreams } = await start({ timeouts: { totalMs: 10_000 } })
    server.replyAlways(() => [refusal(429, {}, { 'retry-after': '11' })])
    expect(codeOf(await ask(upstreams))).toBe('UPSTREAM_RATE_LIMITED')
    expect(server.requests).toHaveLength(1)
  })
})

describe('the time until a retry', () => {
  test('is what the headers say, or else half a second', async () => {
    const date = (inMs: number) => new Date(Date.now() + inMs).toUTCString()
    const at = { soon: 0, backoff: 375, late: 1_000 }
    const variants: [keyof typeof at, Record<string, string>][] = [
      ['backoff', {}],
      ['soon', { 'retry-after-ms': '1' }],
      ['soon', { 'retry-after-ms': '0' }],
      ['soon', { 'retry-after-ms': '1.5', 'retry-after': '2' }],
      ['late', { 'retry-after-ms': '1000', 'retry-after': '0' }],
      ['soon', { 'retry-after-ms': 'soon', 'retry-after': '0' }],
      ['late', { 'retry-after-ms': '-1', 'retry-after': '1' }],
      ['late', { 'retry-after-ms': '60001', 'retry-after': '1' }],
      ['backoff', { 'retry-after-ms': '' }],
      ['backoff', { 'retry-after-ms': '60001' }],
      ['soon', { 'retry-after': '0' }],
      ['soon', { 'retry-after': '0.001' }],
      ['late', { 'retry-after': '1' }],
      ['late', { 'retry-after': '1.2' }],
      ['backoff', { 'retry-after': '-1' }],
      ['backoff', { 'retry-after': '61' }],
      ['backoff', { 'retry-after': 'tomorrow' }],
      ['late', { 'retry-after': date(3_500) }],
      ['backoff', { 'retry-after': date(-60_000) }],
      ['backoff', { 'retry-after': date(120_000) }],
      ['soon', { 'retry-after-ms': '1', 'x-should-retry': 'true' }],
      ['backoff', { 'x-should-retry': 'maybe' }],
    ]
    const { server, upstreams } = await start()
    // What is slow once would come between those that ask at one time.
    await ask(upstreams, { model: 'warm-up' })
    server.requests.length = 0
    const asked = new Set<unknown>()
    server.replyAlways(({ body: { model } }) => {
      if (asked.has(model)) return [...chunks('Hello'), done()]
      asked.add(model)
      return [refusal(503, {}, variants[Number(model)]?.[1])]
    })
    await Promise.all(variants.map((_, index) => ask(upstreams, { model: String(index) })))
    const retries = server.requests
      .filter(
        ({ body }, index) => server.requests.findIndex((earlier) => earlier.body['model'] === body['model']) < index,
      )
      .map(({ body }) => variants[Number(body['model'])]?.[0])
    expect(server.requests).toHaveLength(2 * variants.length)
    const order = [...retries].sort((one, other) => at[one ?? 'soon'] - at[other ?? 'soon'])
    expect(retries).toEqual(order)
    for (const [index, [kind]] of variants.entries()) {
      const [first = 0, second = 0] = server.requests
        .filter(({ body }) => body['model'] === String(index))
        .map(({ arrivedMs }) => arrivedMs)
      expect(second - first, `variant ${index}`).toBeGreaterThanOrEqual(at[kind] - 10)
    }
  })

  test('doubles', async () => {
    const { server, upstreams } = await start()
    server.replyAlways(() => [head(500)])
    await ask(upstreams)
    const [first = 0, second = 0, third = 0] = server.requests.map(({ arrivedMs }) => arrivedMs)
    expect(second - first).toBeGreaterThanOrEqual(365)
    expect(third - second).toBeGreaterThanOrEqual(740)
  })
})

describe('the next upstream', () => {
  async function two(fault: Step, model = 'test-model') {
    const [first, second] = [await scripted(), await scripted()]
    first.replyAlways(() => [fault])
    const timeouts = { firstByteMs: 200 }
    const upstreams = connect(
      settingsFor(first.baseUrl, { name: 'first', models: ['test-*'], timeouts }),
      settingsFor(second.baseUrl, { name: 'second', models: ['other', 'test-m*l'], timeouts }),
    )
    return { first, second, answer: await ask(upstreams, { model }) }
  }
  test('is passed over where its own time is over, and what the one before it said stays', async () => {
    const [first, late, last] = [await scripted(), await scripted(), await scripted()]
    first.replyAlways(() => [silence()])
    const settings = [
      settingsFor(first.baseUrl, { name: 'first', timeouts: { firstByteMs: 200 } }),
      settingsFor(late.baseUrl, { name: 'late', timeouts: { totalMs: 100 } }),
    ]
    const answer = await ask(connect(...settings))
    expect(codeOf(answer)).toBe('FIRST_BYTE_TIMEOUT')
    expect(path(answer)).toEqual(['first FIRST_BYTE_TIMEOUT'])
    const more = await ask(connect(...settings, settingsFor(last.baseUrl, { name: 'last' })))
    expect(path(more)).toEqual(['first FIRST_BYTE_TIMEOUT', 'last null'])
    expect(late.requests).toEqual([])
  })

  const path = ({ attempts }: Answer) => attempts.map(({ upstream, error }) => `${upstream} ${error}`)

  test.each<[string, Step, string, number]>([
    ['stays unavailable', refusal(503, {}, soon), 'UPSTREAM_UNAVAILABLE', 3],
    ['limits the rate', refusal(429, {}, soon), 'UPSTREAM_RATE_LIMITED', 3],
    ['has no quota left', refusal(429, { code: 'insufficient_quota' }), 'UPSTREAM_RATE_LIMITED', 1],
    ['wants no retry', refusal(500, {}, { 'x-should-retry': 'false' }), 'UPSTREAM_UNAVAILABLE', 1],
    ['says nothing at all', silence(), 'FIRST_BYTE_TIMEOUT', 1],
  ])('is asked where the one before it %s', async (_, fault, code, tries) => {
    const { answer } = await two(fault)
    expect(answer).toMatchObject({ error: null, text: 'Hello world' })
    expect(path(answer)).toEqual([...Array(tries).fill(`first ${code}`), 'second null'])
    expect(answer.responses).toEqual([{ upstream: 'second', requestId: 'req-test' }])
  })

  test.each<[string, Step, string]>([
    ['refuses', refusal(400), 'UPSTREAM_REFUSED'],
    ['does not know us', refusal(401), 'UPSTREAM_AUTH'],
    ['answers with something else', json({}), 'UPSTREAM_PROTOCOL'],
  ])('is not asked where the one before it %s', async (_, fault, code) => {
    const { answer, second } = await two(fault)
    expect(codeOf(answer)).toBe(code)
    expect(second.requests).toHaveLength(0)
  })

  test('is asked first for a model that only it serves', async () => {
    expect(path((await two(refusal(500), 'other')).answer)).toEqual(['second null'])
  })

  test('is not asked for a model that nobody serves', async () => {
    const { answer, first, second } = await two(refusal(500), 'test')
    expect(answer.error).toMatchObject({ code: 'UPSTREAM_REFUSED', providerCode: 'model_not_found', param: 'model' })
    expect([first.requests, second.requests]).toEqual([[], []])
  })
})

describe('the words of the provider', () => {
  const error = {
    message: 'Too long',
    type: 'invalid_request_error',
    code: 'context_length_exceeded',
    param: 'messages',
  }
  const told = { message: 'Too long', type: error.type, providerCode: error.code, param: error.param }

  test.each<[string, unknown, object]>([
    ['as OpenAI has them', { error }, told],
    ['without a wrapper', { object: 'error', ...error }, told],
    ['in a list', [{ error }], told],
    ['with a number for a code', { error: { ...error, code: 1234 } }, { ...told, providerCode: '1234' }],
    ['as a string', { error: 'Too long' }, { message: 'Too long', providerCode: null }],
    [
      'missing',
      {},
      { message: 'The upstream answered with HTTP status 400.', type: null, providerCode: null, param: null },
    ],
    [
      'of the wrong types',
      { error: { message: {}, code: [] } },
      { message: 'The upstream answered with HTTP status 400.' },
    ],
  ])('pass through %s', async (_, body, expected) => {
    const { server, upstreams } = await start()
    server.reply(json(body, 400, { 'x-request-id': 'req-400' }))
    expect((await ask(upstreams)).error).toMatchObject({ ...expected, requestId: 'req-400' })
  })

  test('are not quoted from a page', async () => {
    const { server, upstreams } = await start()
    server.reply(head(400, { 'content-type': 'text/html' }), ({ response }) => void response.end('<p>secret</p>'))
    expect(String((await ask(upstreams)).error)).not.toContain('secret')
  })

  test('are read as far as they came when the connection breaks', async () => {
    const { server, upstreams } = await start()
    server.reply(head(400), ({ response }) => void response.write(JSON.stringify({ error })), destroy())
    expect((await ask(upstreams)).error).toMatchObject({ code: 'UPSTREAM_REFUSED', httpStatus: 400 })
  })

  test('tell under 403 what is not allowed, and nothing where they are missing', async () => {
    const { server, upstreams } = await start()
    const message = 'Project `proj_1` does not have access to model `gpt-5`'
    server.reply(refusal(403, { message, code: 'model_not_found' }))
    expect((await ask(upstreams)).error).toMatchObject({
      code: 'UPSTREAM_AUTH',
      message,
      providerCode: 'model_not_found',
    })
    const standIn = 'The upstream did not accept the credentials of this server.'
    server.reply(json({}, 403))
    expect((await ask(upstreams)).error).toMatchObject({ code: 'UPSTREAM_AUTH', message: standIn })
  })

  test.each([
    ['the locale sk-SK is none of ours', 'the locale sk-SK is none of ours'],
    ['sk-learn.', 'sk-learn.'],
    ['wrong key sk-ab***yz.', 'wrong key [key]'],
    ['wrong key sk-...wxyz, or sk-ab\u2026yz', 'wrong key [key], or [key]'],
    ['wrong key "sk-proj-abc_DEF"', 'wrong key "[key]"'],
  ])('lose keys, and no other words (%s)', async (message, shown) => {
    const { server, upstreams } = await start()
    server.reply(refusal(400, { message }))
    expect((await ask(upstreams)).error).toMatchObject({ message: shown })
  })

  test.each([400, 401, 403, 429, 500])('under %d show no key', async (status) => {
    const { server, upstreams } = await start()
    const quoted = { message: `Incorrect API key provided: ${key}, sk-can***nary`, code: key, type: key, param: key }
    server.replyAlways(() => [refusal(status, quoted, soon)])
    const { error: shown, attempts } = await ask(upstreams)
    const everything = JSON.stringify({ shown, attempts, message: String(shown), stack: (shown as Error).stack })
    expect(everything).not.toMatch(/canary|sk-/)
    if (status === 401) expect(String(shown)).not.toContain('API key')
  })
})

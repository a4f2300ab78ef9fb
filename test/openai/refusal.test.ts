import { request } from 'node:http'
import { describe, expect, test } from 'vitest'
import { openDoor } from '../harness/door.ts'
import { eventsIn, question, send, startOpenai, user } from '../harness/openai.ts'
import { chunks, delta, destroy, event, gate, refusal } from '../harness/upstream.ts'

const json = { 'content-type': 'application/json' }
const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`

describe('a request that is wrong is told so in the form of OpenAI', () => {
  test.each<[string, string, RequestInit, number, string | null]>([
    ['an address that is nothing', '/nothing', {}, 404, 'unknown_url'],
    ['a method that is not taken', '/models', { method: 'POST', headers: json, body: '{}' }, 405, 'method_not_allowed'],
    ['a bearer token of nobody', '/models', { headers: { authorization: 'Bearer sk-x' } }, 401, 'invalid_api_key'],
    ['another type', '/chat/completions', { method: 'POST', body: '{}' }, 415, 'unsupported_media_type'],
    ['no JSON', '/chat/completions', { method: 'POST', headers: json, body: '{' }, 400, 'bad_request'],
    [
      'too many bytes',
      '/chat/completions',
      { method: 'POST', headers: json, body: JSON.stringify(question({ x: 'x'.repeat(1_100_000) })) },
      413,
      'request_too_large',
    ],
    [
      'too deep a nesting',
      '/chat/completions',
      { method: 'POST', headers: json, body: `{"model":"m","messages":[],"x":${nested(20_000)}}` },
      400,
      'bad_request',
    ],
  ])('%s', async (_what, path, init, status, code) => {
    const { url } = await openDoor()
    const { body, ...reply } = await send(url, path, init)
    expect([reply.status, body.error.code]).toEqual([status, code])
    expect(Object.keys(body.error)).toEqual(['message', 'type', 'param', 'code'])
    expect(reply.headers.get('x-request-id')).toMatch(/^req_/)
  })

  test('by the name of what is wrong', async () => {
    const { ask, upstream } = await startOpenai()
    const refused: [object, string][] = [
      [{ messages: [] }, 'messages'],
      [{ messages: 'Hi' }, 'messages'],
      [{ messages: [user('Hi'), { role: 'user', content: 7 }] }, 'messages[1].content'],
      [{ messages: [{ content: 'x' }] }, 'messages[0].role'],
      [{ model: 7 }, 'model'],
      [{ temperature: 3 }, 'temperature'],
      [{ n: 129 }, 'n'],
      [{ max_tokens: 'many' }, 'max_tokens'],
      [{ stream_options: { include_usage: true } }, 'stream_options'],
      [{ metadata: { a: 1 } }, 'metadata.a'],
      [{ store: true, messages: [{ role: 'function', name: 'f', content: '1' }] }, 'messages[0].role'],
      [{ store: true, messages: [{ role: 'user', content: [{ type: 'new_kind' }] }] }, 'messages[0].content'],
      [{ store: true, messages: [{ role: 'tool', content: '1' }] }, 'messages[0].tool_call_id'],
      [{ store: false, metadata: { conversation_id: 'new' } }, 'store'],
    ]
    const outcomes = []
    for (const [more] of refused) {
      const { status, body } = await ask(more)
      outcomes.push([more, status, body.error.param])
    }
    expect(outcomes).toEqual(refused.map(([more, param]) => [more, 400, param]))
    expect(upstream.requests).toEqual([])
  })

  test('as what is no object at all', async () => {
    const { post } = await startOpenai()
    const { status, body } = await post('/chat/completions', '[]')
    expect([status, body.error.code, body.error.param]).toEqual([400, 'invalid_input', null])
  })

  test('and a stranger learns nothing of the server before they are known', async () => {
    const { url } = await openDoor({ auth: { mode: 'secret', secret: 's'.repeat(32), issuer: null, audience: null } })
    for (const path of ['/models', '/models/x']) {
      const { status, headers } = await send(url, path)
      expect([status, headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    }
  })

  test('and a page may read the headers where its origin is allowed, and nothing where it is not', async () => {
    const friend = 'https://friend.example'
    const { url } = await openDoor({ allowedOrigins: [friend] })
    const preflight = (origin: string) =>
      fetch(`${url}/v1/chat/completions`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST' },
      })
    const { status, headers } = await preflight(friend)
    expect(status).toBe(204)
    expect(headers.get('access-control-allow-headers')).toContain('x-stainless-retry-count')
    expect(headers.get('access-control-expose-headers')).toContain('x-conversation-id')
    expect((await preflight('https://evil.example')).headers.get('access-control-allow-origin')).toBe(null)
  })

  test('and a host name that a stranger may own is refused', async () => {
    const { url } = await openDoor()
    const status = await new Promise((resolve) => {
      request(`${url}/v1/models`, { headers: { host: 'evil.example' } }, (reply) => resolve(reply.statusCode)).end()
    })
    expect(status).toBe(403)
  })
})

describe('what the upstream refuses', () => {
  test('has its words, and a status that is true for the client', async () => {
    const { ask, upstream } = await startOpenai()
    const refusals: [number, Record<string, unknown>, number, object][] = [
      [400, { code: 'bad', param: 'top_p' }, 400, { code: 'bad', param: 'top_p', type: 'test' }],
      [401, {}, 502, { code: 'upstream_auth' }],
      [403, {}, 502, { code: 'upstream_auth' }],
      [404, { code: 'model_not_found' }, 404, { code: 'model_not_found' }],
      [422, {}, 422, { code: 'upstream_refused' }],
      [429, { code: 'insufficient_quota' }, 429, { code: 'insufficient_quota' }],
      [501, {}, 502, { code: 'upstream_unavailable' }],
    ]
    for (const [given, words, status, error] of refusals) {
      upstream.replyAlways(() => [refusal(given, words, { 'x-should-retry': 'false' })])
      for (const stream of [false, true]) {
        const { body, ...reply } = await ask({ stream })
        expect([given, reply.status, body.error]).toEqual([given, status, expect.objectContaining(error)])
      }
    }
  })

  test('in the middle of a stream is an error event, and no whole answer', async () => {
    const { ask, upstream } = await startOpenai()
    const held = gate()
    upstream.reply(...chunks('Hel'), held.wait, event({ error: { message: 'It burns.', type: 't', code: 'fire' } }))
    const asked = ask({ stream: true })
    await held.reached
    held.open()
    const events = eventsIn((await asked).text)
    expect(events.at(-1)).toEqual({ error: { message: 'It burns.', type: 't', param: null, code: 'fire' } })
    expect(
      events
        .flatMap(({ choices = [] }) => choices)
        .map(({ delta: { content } }) => content)
        .join(''),
    ).toBe('Hel')

    upstream.reply(...chunks('Hel'), delta({ content: 'lo' }), destroy())
    const { status, body } = await ask()
    expect([status, body.error.code]).toEqual([502, 'upstream_reset'])
  })
})

test('who asks too often hears when to come back, in the words of a client that does so by itself', async () => {
  const { ask } = await startOpenai({ LIMIT_REQUESTS_PER_MINUTE: '1' })
  expect((await ask()).headers.get('x-ratelimit-remaining-requests')).toBe('0')
  const { status, headers, body } = await ask()
  expect([status, body.error.type, body.error.code]).toEqual([429, 'requests', 'rate_limit_exceeded'])
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
  expect(Number(headers.get('retry-after-ms'))).toBeGreaterThan(0)
  expect(headers.get('x-ratelimit-remaining-requests')).toBe('0')
})

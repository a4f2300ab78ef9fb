import { describe, expect, test } from 'vitest'
import {
  chunk,
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
  usage,
} from '../harness/upstream.ts'
import { ask, codeOf, start } from '../harness/upstream-asking.ts'

async function answerTo(...script: Step[]) {
  const { server, upstreams } = await start({ timeouts: { idleMs: 1_000 } })
  server.reply(...script)
  const answer = await ask(upstreams)
  const choices = answer.chunks.flatMap((one) => one.choices)
  const textOf = (name: 'reasoning' | 'refusal') => choices.map((choice) => choice[name]).join('')
  const counts = answer.chunks.findLast((one) => one.usage !== null)?.usage ?? null
  const finishReason = choices.findLast((choice) => choice.finishReason !== null)?.finishReason ?? null
  return { ...answer, reasoning: textOf('reasoning'), refusal: textOf('refusal'), counts, finishReason }
}

describe('the text of an answer is what it means', () => {
  const part = (text: string) => ({ type: 'text', text })
  test.each<[string, object]>([
    ['as a list of parts', { content: [part('He'), part('llo')] }],
    ['as one part', { content: part('Hello') }],
    ['as a list of texts', { content: ['He', 'llo'] }],
    ['beside parts that are no text', { content: [{ type: 'image_url', image_url: { url: 'data:' } }, part('Hello')] }],
    ['as the words of a model that speaks', { content: null, audio: { id: 'a', data: 'AAAA', transcript: 'Hello' } }],
  ])('%s', async (_, content) => {
    expect(await answerTo(delta(content), finish('stop'), done())).toMatchObject({ text: 'Hello', error: null })
  })

  test.each<[string, object]>([
    ['`message` in place of `delta`', { message: { role: 'assistant', content: 'Hello' } }],
    ['`text`, as the older endpoint does', { text: 'Hello' }],
  ])('where a choice has %s', async (_, choice) => {
    const answer = await answerTo(chunk([{ index: 0, ...choice }]), finish('stop'), done())
    expect(answer).toMatchObject({ text: 'Hello', error: null })
  })

  test('once, where all of it comes again at its end', async () => {
    const whole = { index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }
    const answer = await answerTo(...chunks('He', 'llo'), chunk([whole], { object: 'chat.completion' }), done())
    expect(answer).toMatchObject({ text: 'Hello', error: null, finishReason: 'STOP' })
  })

  test.each<[string, object]>([
    ['an empty `reasoning_content` beside `reasoning`', { reasoning_content: '', reasoning: 'Hm' }],
    ['an empty `reasoning` beside `reasoning_content`', { reasoning_content: 'Hm', reasoning: '' }],
    ['parts that think', { content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'Hm' }] }] }],
  ])('and its reasoning is kept where it comes as %s', async (_, content) => {
    const answer = await answerTo(delta(content), ...chunks('Hello'), finish('stop'), done())
    expect(answer).toMatchObject({ text: 'Hello', reasoning: 'Hm', error: null })
  })
})

describe('an answer is read by what it is', () => {
  const counts = { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 }
  const whole = {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
    usage: counts,
  }
  const stream = [...chunks('Hello'), finish('stop'), usage(9, 2), done()]

  test.each<[string, Step[]]>([
    ['a stream that is called JSON', [head(200, { 'content-type': 'application/json' }), ...stream]],
    ['a stream that is called HTML', [head(200, { 'content-type': 'text/html' }), ...stream]],
    ['a stream behind a damaged byte order mark', [raw(Uint8Array.of(0xef, 0x5b, 0xbb, 0xbf, 0x0a), 1), ...stream]],
    ['a whole document', [json(whole)]],
    ['a whole document that is called a stream', [raw(JSON.stringify(whole))]],
    ['a whole document behind white space and in pieces', [raw(`\n\n  \n${JSON.stringify(whole, null, 2)}\n`, 1, 7)]],
    ['a whole document behind a byte order mark', [raw(`\u{feff}${JSON.stringify(whole)}`, 2)]],
    ['a list of chunks', [json([{ choices: [{ delta: { content: 'Hello' } }] }, whole])]],
  ])('where it is %s', async (_, script) => {
    expect(await answerTo(...script)).toMatchObject({
      text: 'Hello',
      error: null,
      finishReason: 'STOP',
      counts: { promptTokens: 9, completionTokens: 2, totalTokens: 11 },
      responses: [{ upstream: 'test' }],
      attempts: [{ httpStatus: 200, error: null }],
    })
  })

  test('and is whole as a document without a finish reason', async () => {
    const answer = await answerTo(json({ choices: [{ message: { content: 'Hello' } }] }))
    expect(answer).toMatchObject({ text: 'Hello', error: null })
  })

  test('and a document that is cut off is none', async () => {
    const answer = await answerTo(head(200), raw(JSON.stringify(whole).slice(0, 60)))
    expect(codeOf(answer)).toBe('UPSTREAM_PROTOCOL')
  })

  test('and an error as a document is quoted, whatever it is called', async () => {
    const answer = await answerTo(raw(JSON.stringify({ error: { message: 'Out of memory' } })))
    expect(answer.error).toMatchObject({ code: 'UPSTREAM_ERROR', message: 'Out of memory' })
  })

  test('and an event above a megabyte passes', async () => {
    const picture = { type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(3_000_000)}` } }
    const answer = await answerTo(delta({ content: 'Hello', images: [picture] }), finish('stop'), done())
    expect(answer).toMatchObject({ text: 'Hello', error: null })
  })
})

describe('usage is counted', () => {
  const counts = { prompt_tokens: 9, completion_tokens: 5, total_tokens: 14 }
  const read = { promptTokens: 9, completionTokens: 5, totalTokens: 14 }

  test.each<[string, Step[]]>([
    ['in a choice', [chunk([{ index: 0, delta: {}, finish_reason: 'stop', usage: counts }])]],
    ['in an object of the provider', [chunk([], { x_groq: { usage: counts } })]],
    ['in fractions', [chunk([], { usage: { prompt_tokens: 8.7, completion_tokens: 5.2, total_tokens: 13.9 } })]],
    ['by other names', [chunk([], { usage: { input_tokens: 9, output_tokens: 5 } })]],
    ['as a total and a part', [chunk([], { usage: { prompt_tokens: 9, total_tokens: 14 } })]],
    [
      'with details that are none',
      [chunk([], { usage: { ...counts, prompt_tokens_details: [], completion_tokens_details: 'none' } })],
    ],
    [
      'in every chunk, the last one counting',
      [1, 3, 5].map((completion) => chunk([], { usage: { prompt_tokens: 9, completion_tokens: completion } })),
    ],
    [
      'in every chunk, the last one less full',
      [chunk([], { usage: counts }), chunk([], { usage: { prompt_tokens: 9 } })],
    ],
  ])('%s', async (_, script) => {
    const answer = await answerTo(...chunks('Hello'), ...script, finish('stop'), done())
    expect(answer).toMatchObject({ text: 'Hello', error: null, counts: read })
  })
})

describe('an answer that the upstream cut off', () => {
  const told = { message: 'Provider is gone', code: 502 }
  test.each<[string, object, object]>([
    ['by the reason `error`', { finish_reason: 'error' }, { code: 'UPSTREAM_ERROR', providerCode: 'error' }],
    [
      'by an error object in a choice',
      { finish_reason: 'error', error: told },
      { code: 'UPSTREAM_ERROR', message: 'Provider is gone', providerCode: '502' },
    ],
    ['by an error object beside `stop`', { finish_reason: 'stop', error: told }, { code: 'UPSTREAM_ERROR' }],
    ['by the reason `abort`', { finish_reason: 'abort' }, { code: 'UPSTREAM_TRUNCATED', providerCode: 'abort' }],
    [
      'by a reason of its own',
      { finish_reason: 'insufficient_system_resource' },
      { code: 'UPSTREAM_TRUNCATED', message: 'The upstream cut the answer off: insufficient_system_resource.' },
    ],
  ])('%s is not whole, and keeps its text and usage', async (_, how, error) => {
    const cut = chunk([{ index: 0, delta: { content: ' wor' }, ...how }])
    for (const ending of [[usage(9, 2), done()], [usage(9, 2)], [usage(9, 2), silence()], [usage(9, 2), destroy()]]) {
      const answer = await answerTo(...chunks('Hello'), cut, ...ending)
      expect(answer).toMatchObject({ text: 'Hello wor', error, finishReason: null, counts: { totalTokens: 11 } })
      expect(answer.attempts).toHaveLength(1)
    }
  })

  test('keeps what came in one event with the error', async () => {
    const last = [{ index: 0, delta: { content: ' wor' }, finish_reason: 'stop' }]
    const answer = await answerTo(...chunks('Hello'), chunk(last, { error: told, usage: { prompt_tokens: 9 } }))
    expect(answer).toMatchObject({ text: 'Hello wor', finishReason: null, counts: { promptTokens: 9 } })
    expect(answer.error).toMatchObject({ code: 'UPSTREAM_ERROR', message: 'Provider is gone' })
  })

  test.each<[string, object]>([
    ['a list of errors', { errors: [{ message: 'Provider is gone', code: 502 }] }],
    ['a detail', { detail: 'Provider is gone' }],
    ['a code and a message', { code: 502, msg: 'Provider is gone' }],
  ])('tells so by an event with %s', async (_, told) => {
    const answer = await answerTo(...chunks('Hello'), event(told))
    expect(answer).toMatchObject({ text: 'Hello', error: { code: 'UPSTREAM_ERROR', message: 'Provider is gone' } })
  })
})

describe('what is no part of an answer is ignored', () => {
  const nothings = [
    'data:\n\n',
    'data\n\n',
    'data: \n\n',
    'data: ping\n\n',
    'data: : OPENROUTER PROCESSING\n\n',
    'data: [PING]\n\n',
    'data: "keep-alive"\n\n',
    'data: null\n\n',
    'data: {}\n\n',
    'data: {"type":"ping"}\n\n',
    'data: {"error":null,"choices":[]}\n\n',
    'data: {"error":{"code":0,"message":""},"choices":[]}\n\n',
    'event: ping\ndata: 2026-01-01T00:00:00Z\n\n',
  ]
  test.each(nothings)('in its middle: %j', async (nothing) => {
    const answer = await answerTo(raw(nothing), ...chunks('He'), raw(nothing), ...chunks('llo'), finish('stop'), done())
    expect(answer).toMatchObject({ text: 'Hello', error: null })
  })

  const junk = [
    'data: {"cho\n\n',
    'data: 5\n\n',
    'data: <p>\n\n',
    'data: {"choices":"none"}\n\n',
    'data: {"choices":[{"index":7,"delta":{"content":"X"}}]}\n\n',
    'data: {"error":{"message":"too late"}}\n\n',
    'event: error\ndata: too late\n\n',
    `data: ${'x'.repeat(9_000_000)}\n\n`,
  ]
  test.each(junk)('after its finish: %.60j', async (more) => {
    const answer = await answerTo(...chunks('Hello'), finish('stop'), usage(9, 2), raw(more))
    expect(answer).toMatchObject({ text: 'Hello', error: null, finishReason: 'STOP', counts: { totalTokens: 11 } })
  })
})

describe('a refusal is told in the words of the provider', () => {
  const sentence = 'temperature: takes at most 2'
  test.each<[string, unknown, object]>([
    ['a list of errors', { errors: [{ message: sentence, code: 'bad' }] }, { providerCode: 'bad' }],
    ['a list of texts', { errors: [sentence] }, {}],
    ['errors by their field', { errors: { temperature: [sentence] } }, {}],
    ['a detail', { detail: sentence }, {}],
    [
      'a list of details',
      { detail: [{ loc: ['body', 'temperature'], msg: sentence, type: 'less_than_equal' }] },
      { param: 'temperature', type: 'less_than_equal' },
    ],
    ['a detail that is an error', { detail: { error: { message: sentence, code: 'bad' } } }, { providerCode: 'bad' }],
    ['a code and a message', { code: 1210, msg: sentence }, { providerCode: '1210' }],
    ['a code and a message by longer names', { error_code: 336, error_msg: sentence }, { providerCode: '336' }],
    ['an error in an error', { error: { error: { message: sentence, type: 'bad' } } }, { type: 'bad' }],
    ['a message that is an object', { error: { message: { message: sentence } } }, {}],
    [
      'a message that quotes JSON',
      { error: { message: JSON.stringify({ error: { message: sentence, code: 'bad' } }), code: 'worse' } },
      { providerCode: 'bad' },
    ],
    ['an error that is a list', { error: [{ message: sentence }] }, {}],
    ['a message beside the name of the status', { statusCode: 400, error: 'Bad Request', message: [sentence] }, {}],
    ['a problem document', { type: 'about:blank', title: 'Bad Request', status: 400, detail: sentence }, {}],
  ])('as %s', async (_, body, more) => {
    const answer = await answerTo(json(body, 422))
    expect(answer.error).toMatchObject({ code: 'UPSTREAM_REFUSED', httpStatus: 422, message: sentence, ...more })
  })

  test('that a router quotes', async () => {
    const raw = JSON.stringify({ error: { message: sentence } })
    const answer = await answerTo(refusal(400, { message: 'Provider returned error', metadata: { raw } }))
    expect(answer.error).toMatchObject({ message: `Provider returned error: ${sentence}` })
  })

  test('without the key, wherever it stands', async () => {
    const answer = await answerTo(json({ detail: [{ msg: 'no sk-canary-0123456789 here' }] }, 422))
    expect(answer.error).toMatchObject({ message: 'no [key] here' })
  })
})

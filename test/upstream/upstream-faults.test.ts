import { describe, expect, test } from 'vitest'
import {
  chunk,
  chunks,
  comment,
  delta,
  destroy,
  done,
  event,
  every,
  finish,
  gate,
  halfClose,
  head,
  json,
  raw,
  type Step,
  silence,
  socketBytes,
} from '../harness/upstream.ts'
import { ask, codeOf, scripted, start } from '../harness/upstream-asking.ts'

const eventStream = head(200, { 'content-type': 'text/event-stream' })
function block(ms: number) {
  const untilMs = performance.now() + ms
  while (performance.now() < untilMs);
}

const words = ['One', ' two', ' three', ' \u{1f44b}']

describe('a connection that fails', () => {
  const cuts: [string, Step, string][] = [
    ['is reset', destroy(), 'UPSTREAM_RESET'],
    ['is closed in the middle of the response', halfClose(), 'UPSTREAM_RESET'],
    ['ends in good order', () => {}, 'UPSTREAM_TRUNCATED'],
    ['falls silent', silence(), 'IDLE_TIMEOUT'],
    ['sends only comments', every(10, comment()), 'IDLE_TIMEOUT'],
    ['sends only empty chunks', every(10, chunk([{ index: 0, delta: {} }])), 'IDLE_TIMEOUT'],
  ]
  const places = cuts.flatMap((cut) => words.map((_, k) => [...cut, k] as const))

  test.each(places)('%s keeps the text and is never asked again (%#)', async (_, cut, code, k) => {
    const { server, upstreams } = await start({ timeouts: { idleMs: code === 'IDLE_TIMEOUT' ? 300 : 30_000 } })
    const received = gate()
    server.reply(...chunks(...words.slice(0, k)), received.wait, cut)
    let left = 1 + k
    const answer = await ask(upstreams, {}, { onChunk: () => --left === 0 && received.open() })
    expect(codeOf(answer)).toBe(code)
    expect(answer.text).toBe(words.slice(0, k).join(''))
    expect(answer.attempts).toMatchObject([{ httpStatus: 200, error: code }])
    expect(server.requests).toHaveLength(1)
    if (code === 'IDLE_TIMEOUT') await server.requests[0]?.closed
  })

  test.each<[string, Step[]]>([
    ['between two chunks', [halfClose()]],
    ['within a chunk', [socketBytes('400\r\ndata: {'), halfClose()]],
  ])('that was to close anyway and does so %s of the encoding is lost', async (_, cut) => {
    const { server, upstreams } = await start()
    server.reply(head(200, { 'content-type': 'text/event-stream', connection: 'close' }), ...chunks('kept'), ...cut)
    const answer = await ask(upstreams)
    expect(codeOf(answer)).toBe('UPSTREAM_RESET')
    expect(answer.text).toBe('kept')
    expect(server.requests).toHaveLength(1)
  })

  test('before the first byte times out with a code of its own, and frees the socket', async () => {
    const { server, upstreams } = await start({ timeouts: { firstByteMs: 50 } })
    server.reply(silence())
    const answer = await ask(upstreams)
    expect(codeOf(answer)).toBe('FIRST_BYTE_TIMEOUT')
    expect(answer.attempts).toMatchObject([{ httpStatus: null, error: 'FIRST_BYTE_TIMEOUT' }])
    await server.requests[0]?.closed
  })

  test('is not what looks so because this process stood still', async () => {
    const { server, upstreams } = await start({ timeouts: { idleMs: 300 } })
    const received = gate()
    // Behind the write, which the tick sends.
    const standStill: Step = () => new Promise((resolve) => process.nextTick(() => resolve(block(500))))
    server.reply(...chunks('all'), received.wait, delta({ content: ' of it' }), standStill, finish('stop'), done())
    const answer = await ask(upstreams, {}, { onChunk: received.open })
    expect(answer).toMatchObject({ error: null, text: 'all of it' })
  })

  test('one byte at a time is no progress', async () => {
    const { server, upstreams } = await start({ timeouts: { idleMs: 300 } })
    server.reply(...chunks('some'), raw('data: '), every(5, raw('x')))
    const answer = await ask(upstreams)
    expect(codeOf(answer)).toBe('IDLE_TIMEOUT')
    await server.requests[0]?.closed
  })

  test('by never ending meets the total time-out, since progress is not idle', async () => {
    const { server, upstreams } = await start({ timeouts: { idleMs: 1_500, totalMs: 2_500 } })
    server.reply(every(20, delta({ content: '.' })))
    const answer = await ask(upstreams)
    expect(codeOf(answer)).toBe('TOTAL_TIMEOUT')
    expect(answer.text).not.toBe('')
    await server.requests[0]?.closed
  })
})

describe('an upstream that breaks the format', () => {
  test.each<[string, Step[]]>([
    ['JSON cut short within an event', [...chunks('kept'), raw('data: {"choices":[{"del\n\n')]],
    ['an event that is no object', [...chunks('kept'), event('5')]],
    ['content that is no text', [...chunks('kept'), delta({ content: 5 })]],
    ['an index without end', [...chunks('kept'), delta({ content: 'x' }, 1e9)]],
    ['choices that are no list', [...chunks('kept'), event({ choices: 'x' })]],
    ['a line of 10 MB', [...chunks('kept'), raw(`data: ${'x'.repeat(10_000_000)}`)]],
    ['an event of 10 MB in many lines', [...chunks('kept'), raw(`data: ${'x'.repeat(999)}\n`.repeat(10_000))]],
    ['chunked encoding that is none', [...chunks('kept'), socketBytes('zzz\r\n')]],
  ])('by %s fails, with the text kept', async (_, script) => {
    const { server, upstreams } = await start()
    server.reply(...script, silence())
    const answer = await ask(upstreams)
    expect(codeOf(answer)).toBe('UPSTREAM_PROTOCOL')
    expect(answer.text).toBe('kept')
    expect(server.requests).toHaveLength(1)
    await server.requests[0]?.closed
  })

  test.each<[string, Step[]]>([
    ['HTML', [head(200, { 'content-type': 'text/html' }), raw('<!doctype html><p>Welcome</p>')]],
    ['HTML that is called an event stream', [eventStream, raw('<!doctype html>\n<p>Welcome</p>\n')]],
    ['a whole completion as JSON', [json({ object: 'chat.completion', choices: [] })]],
    ['JSON of no declared type', [head(200), raw('{"object": "chat.completion"}')]],
    ['no HTTP', [socketBytes('SSH-2.0-OpenSSH_9.2\r\n')]],
  ])('by %s in place of the stream fails', async (_, script) => {
    const { server, upstreams } = await start()
    server.reply(...script)
    expect(codeOf(await ask(upstreams))).toBe('UPSTREAM_PROTOCOL')
    expect(server.requests).toHaveLength(1)
  })

  test('by a redirect fails, and nobody follows', async () => {
    const { server, upstreams } = await start()
    const elsewhere = await scripted()
    server.reply(head(307, { location: `${elsewhere.baseUrl}/chat/completions` }))
    const answer = await ask(upstreams)
    expect(answer.error).toMatchObject({ code: 'UPSTREAM_PROTOCOL', httpStatus: 307 })
    expect(elsewhere.requests).toHaveLength(0)
  })

  const words429 = { message: 'Slow down', type: 'tokens', code: 'overloaded', param: 'n' }
  test.each<[string, Step]>([
    ['an error object', event({ error: words429 })],
    ['an error object beside choices', chunk([{ index: 0, delta: {}, finish_reason: 'error' }], { error: words429 })],
    ['an event named error', raw(`event: error\ndata: ${JSON.stringify(words429)}\n\n`)],
    ['vLLM\u2019s error without a wrapper', event({ object: 'error', ...words429 })],
    ['an error where the stream should begin', json({ error: words429 })],
  ])('in the middle, by %s, is quoted', async (name, step) => {
    const { server, upstreams } = await start()
    const begun = name.includes('begin') ? [] : chunks('kept')
    server.reply(...begun, step)
    const answer = await ask(upstreams)
    expect(answer.text).toBe(begun.length > 0 ? 'kept' : '')
    expect(answer.error).toMatchObject({
      code: 'UPSTREAM_ERROR',
      message: 'Slow down',
      type: 'tokens',
      providerCode: 'overloaded',
      param: 'n',
      httpStatus: null,
    })
    expect(server.requests).toHaveLength(1)
  })

  test('by an error event of plain text is quoted too', async () => {
    const { server, upstreams } = await start()
    server.reply(...chunks('kept'), raw('event: error\ndata: out of memory\n\n'))
    expect((await ask(upstreams)).error).toMatchObject({ code: 'UPSTREAM_ERROR', message: 'out of memory' })
  })
})

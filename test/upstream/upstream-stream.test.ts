import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Chunk } from '../../src/upstream/chunk.ts'
import { chunk, chunks, delta, done, event, finish, raw, type Step, usage } from '../harness/upstream.ts'
import { ask, codeOf, start } from '../harness/upstream-asking.ts'

const pieces = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 30 })
const text = fc.string({ unit: 'binary', maxLength: 12 })

/** One of the many ways to write an event; `end` is the line ending of the whole stream. */
const dress = fc.record({
  pretty: fc.boolean(),
  space: fc.constantFrom('', ' '),
  before: fc.constantFrom(
    '',
    ': a comment',
    ':',
    'id: 7',
    'retry: 10',
    'event: message',
    'foreign: \u{1f44b}',
    'data',
    'nothing',
  ),
})

function write(
  content: string,
  { pretty, space, before }: { pretty: boolean; space: string; before: string },
): string[] {
  const json = JSON.stringify({ choices: [{ index: 0, delta: { content } }] }, null, pretty ? 1 : undefined)
  // An empty first line of data leaves the JSON what it is.
  return [...(before ? [before] : []), ...json.split('\n').map((line) => `data:${space}${line}`), '']
}

describe('the text is exact', () => {
  test('however the events are written and the bytes are cut', async () => {
    const { server, upstreams } = await start()
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(text, dress), { maxLength: 8 }),
        fc.constantFrom('\n', '\r\n', '\r'),
        fc.constantFrom('', '\u{feff}'),
        pieces,
        async (events, end, mark, sizes) => {
          const lines = [...events.flatMap(([content, how]) => write(content, how)), 'data: [DONE]', '', '']
          server.reply(raw(mark + lines.join(end), ...sizes))
          const answer = await ask(upstreams)
          expect(codeOf(answer)).toBeNull()
          expect(answer.text).toBe(events.map(([content]) => content).join(''))
        },
      ),
      { numRuns: 150 },
    )
  })

  test('of whatever bytes, cut or not', async () => {
    const { server, upstreams } = await start()
    const said = fc.string({ unit: 'binary', maxLength: 4 }).map((content) => write(content, plain).join('\n'))
    const part = fc.oneof(
      { weight: 3, arbitrary: said },
      fc.constantFrom(
        '\n',
        '\r',
        '\r\n',
        '\n\n',
        'data:',
        'data: {"choices":[]}',
        ': ',
        'data: [DONE]\n\n',
        '\u{feff}',
        '\0',
      ),
      fc.uint8Array({ maxLength: 3 }),
    )
    const read = async (bytes: Buffer, sizes: number[]) => {
      server.reply(raw(bytes, ...sizes))
      const answer = await ask(upstreams)
      return { code: codeOf(answer), chunks: answer.chunks }
    }
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 12 }), pieces, async (parts, sizes) => {
        const bytes = Buffer.concat(parts.map((one) => Buffer.from(one)))
        expect(await read(bytes, sizes)).toEqual(await read(bytes, []))
      }),
      { numRuns: 150 },
    )
  })

  test('of halves of a surrogate pair in two chunks, and of NUL', async () => {
    const { server, upstreams } = await start()
    server.reply(raw(said('\\ud83d') + said('\\udc4b') + said('\\u0000')), done())
    expect((await ask(upstreams)).text).toBe('\u{1f44b}\0')
  })

  test.each(['\n', '\r\n', '\r'])('and there before the next event begins (%j)', async (end) => {
    const { server, upstreams } = await start()
    let heard = () => {}
    const hearing = new Promise<void>((resolve) => {
      heard = resolve
    })
    server.reply(raw(said('now').replaceAll('\n', end)), () => hearing, raw(`data: [DONE]${end}${end}`))
    expect(await ask(upstreams, {}, { onChunk: () => heard() })).toMatchObject({ text: 'now', error: null })
  })
})

const plain = { pretty: false, space: ' ', before: '' }

function said(content: string) {
  return `data: {"choices":[{"delta":{"content":"${content}"}}]}\n\n`
}

describe('a chunk', () => {
  async function chunksOf(...script: Step[]): Promise<Chunk[]> {
    const { server, upstreams } = await start()
    server.reply(...script, done())
    const answer = await ask(upstreams, { parameters: { n: 2 } })
    expect(codeOf(answer)).toBeNull()
    return answer.chunks
  }
  const choiceOf = async (content: object, more: object = {}) =>
    (await chunksOf(chunk([{ index: 0, delta: content, ...more }])))[0]?.choices[0]

  test('is read whole', async () => {
    const logprob = { token: 'Hi', logprob: -0.1, bytes: [72, 105], top_logprobs: [] }
    const [read] = await chunksOf(
      chunk(
        [
          {
            index: 1,
            delta: { role: 'assistant', content: 'Hi', refusal: 'No', reasoning_content: 'Hm', unknown: 1 },
            logprobs: { content: [logprob], refusal: null },
            finish_reason: 'stop',
          },
        ],
        { system_fingerprint: 'fp_1', service_tier: 'default', usage: null, obfuscation: 'xxxx' },
      ),
    )
    expect(read).toEqual({
      id: 'chatcmpl-test',
      created: 1_700_000_000,
      model: 'test-model',
      systemFingerprint: 'fp_1',
      serviceTier: 'default',
      choices: [
        {
          index: 1,
          content: 'Hi',
          refusal: 'No',
          reasoning: 'Hm',
          toolCalls: [],
          logprobs: { content: [logprob], refusal: [] },
          finishReason: 'STOP',
        },
      ],
      usage: null,
    })
  })

  test('of nothing but unknown fields adds nothing', async () => {
    expect(await chunksOf(event({ unknown: true, choices: null }))).toEqual([
      { id: null, created: null, model: null, systemFingerprint: null, serviceTier: null, choices: [], usage: null },
    ])
    expect(await choiceOf({})).toMatchObject({ content: '', refusal: '', reasoning: '', toolCalls: [], logprobs: null })
  })

  test('names its reasoning as servers do', async () => {
    expect(await choiceOf({ reasoning: 'Hm' })).toMatchObject({ reasoning: 'Hm' })
  })

  test.each([
    ['stop', 'STOP'],
    ['length', 'LENGTH'],
    ['tool_calls', 'TOOL_CALLS'],
    ['content_filter', 'CONTENT_FILTER'],
    ['function_call', 'FUNCTION_CALL'],
    ['end_turn', 'UNKNOWN'],
    ['', null],
    [null, null],
  ])('that finishes with %j says %j', async (reason, expected) => {
    expect((await choiceOf({}, { finish_reason: reason }))?.finishReason).toBe(expected)
  })

  test('brings tool calls in fragments', async () => {
    const calls = [
      { index: 0, id: 'call_a', type: 'function', function: { name: 'weather', arguments: '' } },
      { index: 0, function: { arguments: '{"ci' } },
    ]
    expect((await choiceOf({ tool_calls: calls }))?.toolCalls).toEqual([
      { index: 0, id: 'call_a', name: 'weather', arguments: '' },
      { index: 0, id: null, name: null, arguments: '{"ci' },
    ])
  })

  test('counts tool calls that have no index', async () => {
    const calls = [{ function: { name: 'a', arguments: '{}' } }, { function: { name: 'b', arguments: '{}' } }]
    expect((await choiceOf({ tool_calls: calls }))?.toolCalls.map(({ index }) => index)).toEqual([0, 1])
  })

  test('turns an old function call into a tool call', async () => {
    const function_call = { name: 'weather', arguments: '{}' }
    expect((await choiceOf({ function_call }))?.toolCalls).toEqual([
      { index: 0, id: expect.stringMatching(/^call_\w{24}$/), ...function_call },
    ])
  })

  test('keeps the choices apart', async () => {
    const read = await chunksOf(
      delta({ content: 'a' }),
      delta({ content: 'b' }, 1),
      delta({ content: 'c' }),
      finish('stop', 1),
    )
    expect(read.flatMap(({ choices }) => choices.map(({ index, content }) => `${index}${content}`))).toEqual([
      '0a',
      '1b',
      '0c',
      '1',
    ])
  })

  test('counts usage, with its details, beside choices or without', async () => {
    const details = {
      prompt_tokens: 10,
      completion_tokens: 20,
      prompt_tokens_details: { cached_tokens: 4 },
      completion_tokens_details: { reasoning_tokens: 5 },
    }
    const read = await chunksOf(...chunks('a'), finish('stop'), usage(1, 2), chunk([{ delta: {} }], { usage: details }))
    expect(read.slice(-2).map((one) => one.usage)).toEqual([
      { promptTokens: 1, completionTokens: 2, totalTokens: 3, cachedTokens: 0, reasoningTokens: 0 },
      { promptTokens: 10, completionTokens: 20, totalTokens: 30, cachedTokens: 4, reasoningTokens: 5 },
    ])
  })

  test('believes no nonsense about usage', async () => {
    const nonsense = { prompt_tokens: 5, completion_tokens: 'many', total_tokens: 1e300, prompt_cache_hit_tokens: 3 }
    expect((await chunksOf(chunk([], { usage: nonsense })))[0]?.usage).toEqual({
      promptTokens: 5,
      completionTokens: 0,
      totalTokens: 5,
      cachedTokens: 3,
      reasoningTokens: 0,
    })
  })

  test.each<object>([
    {},
    { prompt_tokens: null, completion_tokens: null, total_tokens: null },
    { prompt_tokens: -1, completion_tokens: 'many', total_tokens: 3 },
  ])('has no usage where nothing is counted (%j)', async (nothing) => {
    expect((await chunksOf(chunk([], { usage: nothing })))[0]?.usage).toBeNull()
  })
})

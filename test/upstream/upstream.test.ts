import { describe, expect, test } from 'vitest'
import {
  chunks,
  delta,
  destroy,
  done,
  finish,
  gate,
  halfClose,
  head,
  raw,
  type Step,
  silence,
  usage,
} from '../harness/upstream.ts'
import { ask, codeOf, start } from '../harness/upstream-asking.ts'

const words = ['One', ' two', ' three', ' \u{1f44b}']

describe('an answer', () => {
  test('is whole after [DONE], even if the server never closes', async () => {
    const { server, upstreams } = await start()
    server.reply(...chunks(...words), finish('stop'), usage(3, 4), done(), silence())
    const answer = await ask(upstreams)
    expect(answer).toMatchObject({ error: null, text: words.join('') })
    expect(answer.chunks.at(-1)?.usage).toMatchObject({ promptTokens: 3, completionTokens: 4, totalTokens: 7 })
    expect(answer.responses).toEqual([{ upstream: 'test', requestId: 'req-test' }])
    expect(answer.attempts).toMatchObject([{ upstream: 'test', model: 'test-model', httpStatus: 200, error: null }])
    await server.requests[0]?.closed
  })

  test('ends at [DONE]: what follows is ignored', async () => {
    const { server, upstreams } = await start()
    server.reply(
      ...chunks('all'),
      finish('stop'),
      raw('data: [DONE]\n\ndata: {"choices":[{"delta":{"content":"X"}}]}\n\ndata: <\n\n'),
    )
    expect(await ask(upstreams)).toMatchObject({ error: null, text: 'all' })
  })

  test('begins after interim responses, which say nothing', async () => {
    const { server, upstreams } = await start()
    server.reply(({ response }) => response.writeProcessing(), ...chunks('all'), done())
    const answer = await ask(upstreams)
    expect(answer).toMatchObject({ error: null, text: 'all' })
    expect(answer.responses).toEqual([{ upstream: 'test', requestId: 'req-test' }])
  })

  test('is whole with [DONE] and no finish_reason', async () => {
    const { server, upstreams } = await start()
    server.reply(...chunks('all'), done())
    expect(await ask(upstreams)).toMatchObject({ error: null, text: 'all' })
  })

  test.each<[string, Step[]]>([
    ['ends', []],
    ['is reset', [destroy()]],
    ['is closed in the middle', [halfClose()]],
  ])('is whole once every choice has its finish_reason, though the connection %s', async (_, ending) => {
    const { server, upstreams } = await start()
    server.reply(delta({ content: 'a' }), delta({ content: 'b' }, 1), finish('length', 1), finish('stop'), ...ending)
    const answer = await ask(upstreams, { parameters: { n: 2 } })
    expect(answer).toMatchObject({ error: null, text: 'a' })
    expect(server.requests).toHaveLength(1)
  })

  test('is whole with every finish_reason, though nothing follows, and its connection is closed', async () => {
    const { server, upstreams } = await start({ timeouts: { idleMs: 100 } })
    server.reply(...chunks('all'), finish('stop'), silence())
    expect(await ask(upstreams)).toMatchObject({ error: null, text: 'all' })
    await server.requests[0]?.closed
  })

  test('is truncated when one of its choices has no finish_reason', async () => {
    const { server, upstreams } = await start()
    server.reply(delta({ content: 'a' }), delta({ content: 'b' }, 1), finish('stop'))
    expect(codeOf(await ask(upstreams, { parameters: { n: 2 } }))).toBe('UPSTREAM_TRUNCATED')
  })

  test('is truncated when it ends within an event', async () => {
    const { server, upstreams } = await start()
    server.reply(...chunks('some'), raw('data: {"choices":[{"delta":{"con'))
    const answer = await ask(upstreams)
    expect(codeOf(answer)).toBe('UPSTREAM_TRUNCATED')
    expect(answer.text).toBe('some')
  })

  test('is whole without an end where the upstream is known to be lenient, but not when it was reset', async () => {
    const { server, upstreams } = await start({ lenientEnd: true })
    server.reply(...chunks('all'))
    expect(await ask(upstreams)).toMatchObject({ error: null, text: 'all' })
    server.reply(...chunks('a part'), destroy())
    expect(codeOf(await ask(upstreams))).toBe('UPSTREAM_RESET')
  })

  test.each(['data: {"choices":[{"delta":{"con', 'data: {"choices":[]', 'data:', 'da', 'data: [DON'])(
    'is truncated within an event (%s) even where the upstream is lenient',
    async (cut) => {
      const { server, upstreams } = await start({ lenientEnd: true })
      server.reply(...chunks('some'), raw(cut))
      const answer = await ask(upstreams)
      expect(codeOf(answer)).toBe('UPSTREAM_TRUNCATED')
      expect(answer.text).toBe('some')
    },
  )

  test('is whole where only the blank line after the last event is missing', async () => {
    const { server, upstreams } = await start()
    server.reply(...chunks('all'), raw('data: [DONE]'))
    expect(await ask(upstreams)).toMatchObject({ error: null, text: 'all' })
  })
})

describe('a caller', () => {
  test('who aborts mid-stream gets its own reason, no more chunks, and the socket closed', async () => {
    const { server, upstreams } = await start()
    server.reply(...chunks('some'), raw('data: {"choices":[{"delta":{"content":"A"}}]}\n\n'.repeat(3)), silence())
    const controller = new AbortController()
    const answer = await ask(
      upstreams,
      {},
      {
        signal: controller.signal,
        onChunk: ({ choices }) => choices[0]?.content === 'A' && controller.abort('enough'),
      },
    )
    expect(answer).toMatchObject({ error: 'enough', text: 'someA' })
    expect(answer.attempts).toMatchObject([{ httpStatus: 200, error: 'CANCELLED' }])
    await server.requests[0]?.closed
  })

  test('who aborts before the first byte closes the socket', async () => {
    const { server, upstreams } = await start()
    server.reply(silence())
    const controller = new AbortController()
    const answering = ask(upstreams, {}, { signal: controller.signal })
    const request = await server.request(0)
    controller.abort('enough')
    expect((await answering).error).toBe('enough')
    await request.closed
  })

  test('who aborts while the connection is made sends nothing', async () => {
    const { server, upstreams } = await start()
    const controller = new AbortController()
    const answering = ask(upstreams, {}, { signal: controller.signal })
    controller.abort('enough')
    expect((await answering).error).toBe('enough')
    // The server reads what came first first.
    expect(await ask(upstreams)).toMatchObject({ error: null })
    expect(server.requests).toHaveLength(1)
  })

  test('who aborts between two tries ends the waiting', async () => {
    const { server, upstreams } = await start()
    server.reply(head(503, { 'retry-after': '50' }))
    const controller = new AbortController()
    const answer = await ask(upstreams, {}, { signal: controller.signal, onAttempt: () => controller.abort('enough') })
    expect(answer.error).toBe('enough')
    expect(server.requests).toHaveLength(1)
  })

  test('who had aborted before asks nobody', async () => {
    const { server, upstreams } = await start()
    expect((await ask(upstreams, {}, { signal: AbortSignal.abort('enough') })).error).toBe('enough')
    expect(server.requests).toHaveLength(0)
  })

  test.each(['onChunk', 'onResponse', 'onAttempt'] as const)('whose %s throws gets that', async (name) => {
    const { server, upstreams } = await start()
    const fault = new Error('a fault of the caller')
    const handlers = {
      [name]: () => {
        throw fault
      },
    }
    expect((await ask(upstreams, {}, handlers)).error).toBe(fault)
    if (name !== 'onAttempt') await server.requests[0]?.closed
  })

  test('who closes the client ends what still streams', async () => {
    const { server, upstreams } = await start()
    server.reply(...chunks('some'), silence())
    const answering = ask(upstreams, {}, { onChunk: () => void upstreams.close() })
    expect(codeOf(await answering)).toBe('UPSTREAM_RESET')
    await server.requests[0]?.closed
  })
})

test('a thousand answers stream at once', async () => {
  const { server, upstreams } = await start()
  const all = gate()
  server.replyAlways(() => [...chunks('begun'), all.wait, delta({ content: ' ended' }), finish('stop'), done()])
  const answering = Array.from({ length: 1000 }, () => ask(upstreams))
  await server.request(999)
  all.open()
  const answers = await Promise.all(answering)
  expect(answers.filter(({ text, error }) => text === 'begun ended' && error === null)).toHaveLength(1000)
})

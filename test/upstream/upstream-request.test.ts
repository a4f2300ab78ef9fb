import { describe, expect, test } from 'vitest'
import { reasoningKey } from '../../src/upstream/request-body.ts'
import { refusal } from '../harness/upstream.ts'
import { ask, codeOf, connect, scripted, settingsFor, start } from '../harness/upstream-asking.ts'

describe('a request', () => {
  test('goes up as given, and asks for a stream with usage', async () => {
    const { server, upstreams } = await start()
    const messages = [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }]
    await ask(upstreams, { model: 'gpt-x', messages, parameters: { temperature: 0, top_p: 1, stop: ['a'], user: 'u' } })
    expect(server.requests[0]?.body).toEqual({
      model: 'gpt-x',
      messages,
      temperature: 0,
      top_p: 1,
      stop: ['a'],
      user: 'u',
      stream: true,
      stream_options: { include_usage: true },
    })
    expect(server.requests[0]?.headers).toMatchObject({
      authorization: 'Bearer sk-canary-0123456789',
      accept: 'text/event-stream',
      'content-type': 'application/json',
    })
  })

  test('sends a 64-bit seed to the last digit, as a number', async () => {
    const { server, upstreams } = await start()
    await ask(upstreams, { parameters: { seed: -9_223_372_036_854_775_807n } })
    expect(server.requests[0]?.text).toContain('"seed":-9223372036854775807,')
  })

  test('leaves absent parameters absent and keeps stream options of the caller', async () => {
    const { server, upstreams } = await start()
    await ask(upstreams, { parameters: { seed: undefined, stream_options: { include_obfuscation: false } } })
    expect(server.requests[0]?.body).not.toHaveProperty('seed')
    expect(server.requests[0]?.body['stream_options']).toEqual({ include_obfuscation: false, include_usage: true })
  })

  test('leaves out what the upstream does not take', async () => {
    const { server, upstreams } = await start({ omit: ['user', 'stream_options'] })
    await ask(upstreams, { parameters: { user: 'u', seed: 1 } })
    expect(server.requests[0]?.body).toMatchObject({ seed: 1, stream: true })
    expect(server.requests[0]?.body).not.toHaveProperty('user')
    expect(server.requests[0]?.body).not.toHaveProperty('stream_options')
  })

  test('asks to be stored where the upstream takes metadata only so', async () => {
    const { server, upstreams } = await start({ storeMetadata: true })
    await ask(upstreams, { parameters: { metadata: { a: 'b' } } })
    await ask(upstreams)
    expect(server.requests[0]?.body).toMatchObject({ metadata: { a: 'b' }, store: true })
    expect(server.requests[1]?.body).not.toHaveProperty('store')
  })

  test.each([true, false])('sends back what was reasoned, where the upstream wants it (%s)', async (sendReasoning) => {
    const { server, upstreams } = await start({ sendReasoning })
    const answer = { role: 'assistant', content: 'Hi' }
    await ask(upstreams, { messages: [{ ...answer, [reasoningKey]: 'Hm' }] })
    expect(server.requests[0]?.body['messages']).toEqual([
      sendReasoning ? { ...answer, reasoning_content: 'Hm' } : answer,
    ])
  })

  test('sends what a client wrote as reasoning, whatever the upstream wants', async () => {
    const { server, upstreams } = await start({ sendReasoning: false })
    const messages = [{ role: 'assistant', content: 'Hi', reasoning_content: 'Hm' }]
    await ask(upstreams, { messages })
    expect(server.requests[0]?.body['messages']).toEqual(messages)
  })

  test('that is refused for tools together with reasoning is told what to do', async () => {
    const { server, upstreams } = await start()
    const message = 'Function tools with reasoning_effort are not supported for gpt-x in /v1/chat/completions.'
    server.replyAlways(() => [refusal(400, { message, param: 'reasoning_effort' })])
    const advised = await ask(upstreams, { parameters: { tools: [{}], reasoning_effort: 'high' } })
    expect(advised.error).toMatchObject({
      code: 'UPSTREAM_REFUSED',
      message: `${message} Send the request without tools, or with the reasoning effort NONE.`,
      param: 'reasoning_effort',
      httpStatus: 400,
      retryable: false,
    })
    expect((await ask(upstreams)).error).toMatchObject({ message })
  })

  test('carries no authorization where there is no key', async () => {
    const { server, upstreams } = await start({ apiKey: null })
    await ask(upstreams)
    expect(server.requests[0]?.headers).not.toHaveProperty('authorization')
  })

  test('finds its path below a base URL with a slash at its end and a query', async () => {
    const server = await scripted()
    const upstreams = connect(settingsFor(`${server.baseUrl}/?api-version=1`))
    expect(codeOf(await ask(upstreams))).toBeNull()
    expect(server.requests[0]?.path).toBe('/v1/chat/completions?api-version=1')
  })

  test('finds its path below a base URL that was copied with it', async () => {
    const server = await scripted()
    for (const end of ['/chat/completions', '/chat/completions/']) {
      const upstreams = connect(settingsFor(`${server.baseUrl}${end}`))
      expect(codeOf(await ask(upstreams))).toBeNull()
    }
    expect(server.requests.map(({ path }) => path)).toEqual(['/v1/chat/completions', '/v1/chat/completions'])
  })

  test('takes a connection that an earlier one has left', async () => {
    const { server, upstreams } = await start()
    for (let i = 0; i < 10; i++) await ask(upstreams)
    // An answer is whole before its connection is free, so the next request may need a second one.
    expect(new Set(server.requests.map(({ port }) => port)).size).toBeLessThanOrEqual(2)
  })
})

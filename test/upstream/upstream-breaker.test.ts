import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { chunks, destroy, done, gate, refusal, silence } from '../harness/upstream.ts'
import { ask, codeOf, connect, scripted, settingsFor, start } from '../harness/upstream-asking.ts'

// The clock stands still between the calls of `later`; timers and sockets go on.
beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => void vi.useRealTimers())
const later = () => vi.advanceTimersByTime(10_000)

const down = refusal(503, {}, { 'x-should-retry': 'false' })
const answer = [...chunks('Hello'), done()]

/** A server that fails until its breaker opens. */
async function opened() {
  const { server, upstreams } = await start()
  server.replyAlways(() => [down])
  for (let i = 0; i < 5; i++) expect((await ask(upstreams)).error).toMatchObject({ httpStatus: 503 })
  server.replyAlways(() => answer)
  return { server, upstreams }
}

test('five requests that fail in a row keep further ones away, and each says so', async () => {
  const { server, upstreams } = await opened()
  const kept = await ask(upstreams)
  expect(kept.error).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', httpStatus: null, retryable: true })
  expect(kept.attempts).toMatchObject([
    { upstream: 'test', httpStatus: null, error: 'UPSTREAM_UNAVAILABLE', durationMs: 0 },
  ])
  expect(server.requests).toHaveLength(5)
})

test('other models are asked all the same', async () => {
  const { upstreams } = await opened()
  expect(await ask(upstreams, { model: 'another' })).toMatchObject({ text: 'Hello', error: null })
})

test('the next upstream is asked at once, and other upstreams are unaffected', async () => {
  const [bad, good] = [await scripted(), await scripted()]
  const upstreams = connect(settingsFor(bad.baseUrl, { name: 'bad' }), settingsFor(good.baseUrl, { name: 'good' }))
  bad.replyAlways(() => [down])
  for (let i = 0; i < 5; i++) await ask(upstreams)
  const answered = await ask(upstreams)
  expect(answered).toMatchObject({ error: null, responses: [{ upstream: 'good' }] })
  expect(answered.attempts).toMatchObject([
    { upstream: 'bad', durationMs: 0 },
    { upstream: 'good', error: null },
  ])
  expect([bad.requests.length, good.requests.length]).toEqual([5, 6])
})

test('after ten seconds one request is a trial, while others are kept away', async () => {
  const { server, upstreams } = await opened()
  later()
  const hold = gate()
  server.reply(hold.wait, ...answer)
  const trial = ask(upstreams)
  await hold.reached
  expect(codeOf(await ask(upstreams))).toBe('UPSTREAM_UNAVAILABLE')
  expect(server.requests).toHaveLength(6)
  hold.open()
  expect(await trial).toMatchObject({ text: 'Hello', error: null })
})

test('once a trial is answered all are asked again, though its answer is not at its end', async () => {
  const { server, upstreams } = await opened()
  later()
  const hold = gate()
  server.reply(...chunks('Hello'), hold.wait, done())
  let begin = () => {}
  const begun = new Promise<void>((resolve) => {
    begin = resolve
  })
  const trial = ask(upstreams, {}, { onChunk: () => begin() })
  await begun
  expect(await ask(upstreams)).toMatchObject({ text: 'Hello', error: null })
  hold.open()
  expect(await trial).toMatchObject({ error: null })
})

test('a trial that fails keeps others away for ten seconds more', async () => {
  const { server, upstreams } = await opened()
  later()
  server.reply(down)
  expect((await ask(upstreams)).error).toMatchObject({ httpStatus: 503 })
  expect((await ask(upstreams)).error).toMatchObject({ httpStatus: null })
  later()
  expect(await ask(upstreams)).toMatchObject({ text: 'Hello', error: null })
})

test('a trial whose caller leaves is no trial', async () => {
  const { server, upstreams } = await opened()
  later()
  server.reply(silence())
  const controller = new AbortController()
  const trial = ask(upstreams, {}, { signal: controller.signal })
  await server.request(5)
  controller.abort('enough')
  expect((await trial).error).toBe('enough')
  expect(await ask(upstreams)).toMatchObject({ text: 'Hello', error: null })
})

test('what answers, if only with a refusal or with a part, is not down', async () => {
  const { server, upstreams } = await start()
  for (const between of [
    [refusal(400)],
    [refusal(429, {}, { 'x-should-retry': 'false' })],
    [...chunks('a'), destroy()],
  ]) {
    server.replyAlways(() => [down])
    for (let i = 0; i < 4; i++) await ask(upstreams)
    server.reply(...between)
    await ask(upstreams)
  }
  server.replyAlways(() => answer)
  expect(await ask(upstreams)).toMatchObject({ text: 'Hello', error: null })
})

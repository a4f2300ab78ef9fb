import { afterAll, describe, expect, test } from 'vitest'
import { createAsker, eventsIn, type OpenaiReply, user } from '../harness/openai.ts'
import { createPerson } from '../harness/person.ts'
import { startServer } from '../harness/server.ts'
import {
  chunks,
  delta,
  destroy,
  done,
  event,
  every,
  finish,
  head,
  json,
  raw,
  refusal,
  type Step,
  silence,
  startScriptedUpstream,
} from '../harness/upstream.ts'

const upstream = await startScriptedUpstream()
const { url } = await startServer({
  OPENAI_BASE_URL: upstream.baseUrl,
  UPSTREAM_FIRST_BYTE_MS: '2000',
  UPSTREAM_IDLE_MS: '1500',
  LIMIT_REQUESTS_PER_MINUTE: '10000',
})
afterAll(() => upstream.close())
const alice = createPerson(url, 'alice')
const { ask } = createAsker(url)

interface Outcome {
  status: number
  code: string
  /** How the completion is stored. */
  ending: 'FAILED' | 'INTERRUPTED'
}

const final = { 'x-should-retry': 'false' }
const soon = { 'retry-after-ms': '1' }
const error = (code: string) => event({ error: { message: 'It burns.', type: 'server_error', code } })
const failed = (status: number, code: string): Outcome => ({ status, code, ending: 'FAILED' })
const cutOff = (status: number, code: string): Outcome => ({ status, code, ending: 'INTERRUPTED' })

/** The faults before the first text: the response has a status of its own, also of a stream. */
const early: [name: string, script: Step[], outcome: Outcome][] = [
  ['resets every connection', [destroy()], failed(502, 'upstream_unavailable')],
  ['refuses with 400', [refusal(400, { code: 'bad' })], failed(400, 'bad')],
  ['refuses with 401', [refusal(401)], failed(502, 'upstream_auth')],
  ['refuses with 404', [refusal(404, { code: 'model_not_found' })], failed(404, 'model_not_found')],
  ['refuses with 413', [refusal(413)], failed(413, 'upstream_refused')],
  ['filters the question', [refusal(400, { code: 'content_filter' })], failed(400, 'content_filter')],
  ['limits the rate', [refusal(429, {}, soon)], failed(429, 'upstream_rate_limited')],
  ['has no quota left', [refusal(429, { code: 'insufficient_quota' })], failed(429, 'insufficient_quota')],
  ['fails with 500', [refusal(500, {}, soon)], failed(502, 'upstream_unavailable')],
  ['fails with 503, for good', [refusal(503, {}, final)], failed(502, 'upstream_unavailable')],
  ['redirects', [head(307, { location: 'http://127.0.0.1:9/' })], failed(502, 'upstream_protocol')],
  ['answers with a page', [head(200, { 'content-type': 'text/html' }), raw('<p>')], failed(502, 'upstream_protocol')],
  ['answers with an empty document', [json({ choices: [] })], failed(502, 'upstream_protocol')],
  ['sends an error first', [error('fire')], failed(502, 'fire')],
  ['says nothing', [silence()], cutOff(504, 'first_byte_timeout')],
]

/** The faults after a text: the text is kept, and a stream ends with an error event. */
const late: [name: string, fault: Step[], outcome: Outcome][] = [
  ['resets the connection', [destroy()], cutOff(502, 'upstream_reset')],
  ['ends without a finish', [], cutOff(502, 'upstream_truncated')],
  ['falls silent', [silence()], cutOff(504, 'idle_timeout')],
  ['makes no progress', [every(100, delta({ content: '' }))], cutOff(504, 'idle_timeout')],
  ['sends an error', [error('fire'), done()], failed(502, 'fire')],
  ['breaks the format', [event('{"choices":'), done()], failed(502, 'upstream_protocol')],
  ['sends a content that is no text', [delta({ content: 5 }), done()], failed(502, 'upstream_protocol')],
]
// The faults that take a time-out come after one text only, because each of them takes as long as the time-out.
const textsBefore = ({ status }: Outcome) => (status === 504 ? ['A mo'] : ['A', 'A mo', 'A mole digs.'])
const faults = [
  ...early.map(([name, script, outcome]) => ({ name, script, outcome, text: null })),
  ...late.flatMap(([name, fault, outcome]) =>
    textsBefore(outcome).map((text) => ({
      name: `${name} after ${text}`,
      script: [...chunks(...text.split(/(?= )/)), ...fault],
      outcome,
      text,
    })),
  ),
]

// Each case has a model of its own: the model selects the script, and the breaker counts by model.
const scripts = new Map<string, Step[]>()
upstream.replyAlways(({ body }) => scripts.get(String(body['model'])) ?? [refusal(404)])

const contentIn = (events: { choices?: { delta: { content?: string } }[] }[]) =>
  events.flatMap(({ choices = [] }) => choices.map((choice) => choice.delta.content ?? '')).join('')

function expectFailure({ status, text, body }: OpenaiReply, outcome: Outcome, kept: string | null, stream: boolean) {
  if (!stream || kept === null) {
    expect([status, body?.error.code]).toEqual([outcome.status, outcome.code])
    return
  }
  const events = eventsIn(text)
  expect([status, events.at(-1).error.code, contentIn(events)]).toEqual([200, outcome.code, kept])
  expect(text).not.toContain('[DONE]')
}

describe.concurrent.each(faults)('when the upstream $name', ({ name, script, outcome, text }) => {
  test.each([
    { stream: false, store: false },
    { stream: true, store: false },
    { stream: false, store: true },
    { stream: true, store: true },
  ])('the client is told so: %j', { timeout: 30_000 }, async ({ stream, store }) => {
    const model = `${name} ${stream} ${store}`
    scripts.set(model, script)
    const reply = await ask({ model, stream, store, messages: [user('What digs?')] })
    expectFailure(reply, outcome, text, stream)
    expect(reply.text).not.toContain('[DONE]')

    const conversationId = reply.headers.get('x-conversation-id')
    if (!store) return expect(conversationId).toBe(null)
    const { edges } = await alice.messages(conversationId ?? '')
    const [question, answer] = edges.map(({ node }) => node)
    expect(question?.content).toBe('What digs?')
    expect(answer).toMatchObject({ content: text, status: 'PARTIAL', completion: { status: outcome.ending } })
  })
})

test('an answer with a finish is complete, even if the connection is reset after it', async () => {
  for (const stream of [false, true]) {
    scripts.set('reset at the end', [...chunks('A mole.'), finish('stop'), destroy()])
    const { status, text, body } = await ask({ model: 'reset at the end', stream })
    expect(status).toBe(200)
    if (stream) expect(eventsIn(text).at(-1)).toBe('[DONE]')
    else expect(body.choices[0].message.content).toBe('A mole.')
  }
})

test('a socket to an upstream is freed when its answer has failed', async () => {
  scripts.set('silent', [...chunks('A mo'), silence()])
  const before = upstream.requests.length
  const asked = ask({ model: 'silent', stream: true })
  const request = await upstream.request(before)
  expect(eventsIn((await asked).text).at(-1).error.code).toBe('idle_timeout')
  const endedAt = performance.now()
  await request.closed
  expect(performance.now() - endedAt).toBeLessThan(1_000)
})

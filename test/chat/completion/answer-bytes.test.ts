import { afterAll, expect, test } from 'vitest'
import { createPerson, endOf, says } from '../../harness/person.ts'
import { startServer } from '../../harness/server.ts'
import {
  chunk,
  chunks,
  delta,
  done,
  finish,
  type Step,
  silence,
  startScriptedUpstream,
} from '../../harness/upstream.ts'

const upstream = await startScriptedUpstream()
const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl, LIMIT_ANSWER_BYTES: '1000' })
afterAll(() => upstream.close())

const alice = createPerson(url, 'alice')
const words = (field: object | ((piece: string) => object)) =>
  Array.from({ length: 1_000 }, () => delta(typeof field === 'function' ? field('mole') : field))
const call = (piece: string) => ({ index: 0, function: { arguments: piece } })
const logprobs = { content: [{ token: 'a', logprob: -0.5, bytes: [97], top_logprobs: [] }] }

test.each<[of: string, steps: Step[]]>([
  ['text', words((content) => ({ content }))],
  ['text of two bytes a letter', words({ content: 'é' })],
  ['refusal', words((refusal) => ({ refusal }))],
  ['reasoning', words((reasoning) => ({ reasoning_content: reasoning }))],
  [
    'arguments of a tool call',
    [
      delta({ tool_calls: [{ index: 0, id: 'x', function: { name: 'dig' } }] }),
      ...words((piece) => ({ tool_calls: [call(piece)] })),
    ],
  ],
  ['arguments of a call that has no name', words((piece) => ({ tool_calls: [call(piece)] }))],
  ['log probabilities', Array.from({ length: 50 }, () => chunk([{ index: 0, delta: {}, logprobs }]))],
  ['text in one chunk', [delta({ content: 'x'.repeat(2_000) })]],
])(
  'an answer of more %s than LIMIT_ANSWER_BYTES is cut off, with what came before, and its socket freed',
  async (_, steps) => {
    const sent = upstream.requests.length
    upstream.reply(...chunks('A mole'), ...steps, silence())
    const end = endOf(await alice.start(`key ${sent}`, 'What digs?').rest())
    expect(end).toMatchObject({ status: 'INTERRUPTED', error: { code: 'UPSTREAM_TRUNCATED', retryable: false } })
    expect(end.error?.['message']).toContain('1000 bytes')
    const [choice] = end.choices
    expect(choice?.message.content).toMatch(/^A mole/)
    expect(JSON.stringify(choice).length).toBeLessThan(2_500)
    await upstream.requests[sent]?.closed
    expect(upstream.requests).toHaveLength(sent + 1)
  },
)

test('all choices together may hold so many bytes, and an answer of just as many is whole', async () => {
  const halves = [0, 1].flatMap((index) => [delta({ content: 'x'.repeat(500) }, index), finish('stop', index)])
  upstream.reply(...halves, done())
  const { completion } = await alice.ask({ messages: [says('What digs?')], n: 2 })
  expect(completion.status).toBe('COMPLETED')
  upstream.reply(...halves, delta({ content: 'x' }, 1), done())
  expect(await alice.ask.refuse({ messages: [says('What digs?')], n: 2 })).toMatchObject({
    __typename: 'UpstreamError',
    code: 'UPSTREAM_TRUNCATED',
    completion: { status: 'INTERRUPTED' },
  })
})

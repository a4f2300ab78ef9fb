import { expect, test } from 'vitest'
import { delta, done, raw } from '../harness/upstream.ts'
import { ask, codeOf, start } from '../harness/upstream-asking.ts'

interface Fragment {
  index?: number
  id?: string
  name?: string
  arguments?: string | object
}

/** What each call comes to, by its index; `fragments` are the chunks, each with the calls that it brings. */
async function callsOf(...fragments: Fragment[][]) {
  const { server, upstreams } = await start()
  const wire = ({ name, arguments: more, ...call }: Fragment) => ({ ...call, function: { name, arguments: more } })
  server.reply(...fragments.map((calls) => delta({ tool_calls: calls.map(wire) })), done())
  const answer = await ask(upstreams)
  expect(codeOf(answer)).toBeNull()
  const calls: Record<number, string> = {}
  for (const call of answer.chunks.flatMap(({ choices }) => choices.flatMap(({ toolCalls }) => toolCalls))) {
    calls[call.index] = `${calls[call.index] ?? ''}${call.name ?? ''}${call.arguments}`
  }
  return calls
}

const paris = { id: 'call_a', name: 'weather', arguments: '{"in":"Paris"}' }
const london = { id: 'call_b', name: 'weather', arguments: '{"in":"London"}' }
const two = { 0: 'weather{"in":"Paris"}', 1: 'weather{"in":"London"}' }

test.each<[string, Fragment[][]]>([
  ['come one after the other without an index', [[paris], [london]]],
  ['all have the index 0', [[{ ...paris, index: 0 }], [{ ...london, index: 0 }]]],
  [
    'all have the index 0 in one chunk',
    [
      [
        { ...paris, index: 0 },
        { ...london, index: 0 },
      ],
    ],
  ],
  [
    'come in fragments without an index',
    [
      [{ ...paris, arguments: '' }],
      [{ arguments: '{"in":' }],
      [{ id: '', arguments: '"Paris"}' }],
      [{ ...london, arguments: '{"in":' }],
      [{ arguments: '"London"}' }],
    ],
  ],
  [
    'come in fragments that are told apart by their ids alone',
    [
      [{ ...paris, arguments: '{"in":' }],
      [{ ...london, arguments: '{"in":' }],
      [{ id: 'call_a', arguments: '"Paris"}' }],
      [{ id: 'call_b', arguments: '"London"}' }],
    ],
  ],
  ['all have the index 0 and no ids', [[{ ...paris, index: 0, id: '' }], [{ ...london, index: 0, id: '' }]]],
  ['all have the index 0 and the same id', [[{ ...paris, index: 0 }], [{ ...london, index: 0, id: 'call_a' }]]],
  [
    'have the same id and indexes of their own',
    [
      [
        { ...paris, index: 0 },
        { ...london, index: 1, id: 'call_a' },
      ],
    ],
  ],
  [
    'have neither index nor id, and come in fragments',
    [
      [{ name: 'weather', arguments: '{"in":"Paris"}' }],
      [{ name: 'weather', arguments: '' }],
      [{ arguments: '{"in":' }],
      [{ arguments: '"London"}' }],
    ],
  ],
  [
    'repeat the name and the id in every fragment, and once more at the end',
    [
      [{ ...paris, index: 0, arguments: '{"in":' }],
      [{ ...paris, index: 0, arguments: '"Paris"}' }],
      [{ ...paris, index: 0, arguments: '' }],
      [{ ...london, index: 1 }],
    ],
  ],
  [
    'have objects as arguments',
    [
      [
        { ...paris, arguments: { in: 'Paris' } },
        { ...london, arguments: { in: 'London' } },
      ],
    ],
  ],
  ['come between fragments of nothing', [[{ index: 7 }], [paris], [{ index: 9, arguments: '' }], [london]]],
])('calls stay apart where they %s', async (_, fragments) => {
  expect(await callsOf(...fragments)).toEqual(two)
})

test('calls of other names stay apart where nothing else tells them apart', async () => {
  const [first, second] = [
    { name: 'time', arguments: '' },
    { name: 'weather', arguments: '{"in":"Paris"}' },
  ]
  expect(await callsOf([{ ...first, index: 0, id: '' }], [{ ...second, index: 0, id: '' }])).toEqual({
    0: 'time',
    1: two[0],
  })
})

test('calls have ids of their own, those of the wire where it has them', async () => {
  const { server, upstreams } = await start()
  const call = (id: string | undefined) => ({ id, function: { name: 'weather', arguments: '{}' } })
  server.reply(delta({ tool_calls: ['call_a', '', undefined, 'call_a', 'call_b'].map(call) }), done())
  const { chunks } = await ask(upstreams)
  const ids = chunks.flatMap(({ choices }) => choices.flatMap(({ toolCalls }) => toolCalls.map(({ id }) => id)))
  const own = expect.stringMatching(/^call_\w{24}$/)
  expect(ids).toEqual(['call_a', own, own, own, 'call_b'])
  expect(new Set(ids).size).toBe(5)
})

test('calls are numbered from 0 on as their names come, whatever the wire counts', async () => {
  const calls = [
    { id: 'call_b', arguments: '{"in":' },
    { ...paris, index: 900 },
  ]
  const named = [{ index: 0, name: 'weather', arguments: '"London"}' }]
  expect(await callsOf(calls, named)).toEqual(two)
})

test('a call whose index another one has taken gets the next that is free', async () => {
  const calls = [
    { ...paris, index: 0 },
    { ...london, index: 0 },
    { id: 'call_c', name: 'time', index: 1 },
  ]
  expect(await callsOf(calls, [{ index: 1, arguments: '{}' }])).toEqual({ ...two, 2: 'time{}' })
})

test.each<[string, Fragment[][]]>([
  ['has an id and a name', [[{ ...paris, arguments: '{"in"' }], [{ ...paris, name: '', arguments: ':"Paris"}' }]]],
  ['has an id of its own', [[{ ...paris, arguments: '{"in"' }], [{ id: 'call_z', arguments: ':"Paris"}' }]]],
  ['brings the id that the first had not', [[{ index: 0, name: 'weather' }], [{ index: 0, ...paris, name: '' }]]],
])('a call stays whole where each fragment %s', async (_, fragments) => {
  expect(await callsOf(...fragments)).toEqual({ 0: two[0] })
})

test('the calls of two choices do not meet', async () => {
  const { server, upstreams } = await start()
  const call = (id: string) => ({ tool_calls: [{ index: 0, id, function: { name: 'weather', arguments: '{}' } }] })
  server.reply(delta(call('call_a')), delta(call('call_b'), 1), done())
  const { chunks } = await ask(upstreams, { parameters: { n: 2 } })
  expect(chunks.map(({ choices }) => choices[0]?.toolCalls[0]?.index)).toEqual([0, 0])
})

test('calls without end are no answer', async () => {
  const { server, upstreams } = await start()
  const call = (id: number) => ({ tool_calls: [{ index: 0, id: `call_${id}`, function: { name: 'weather' } }] })
  const events = Array.from({ length: 129 }, (_, id) => ({ choices: [{ index: 0, delta: call(id) }] }))
  server.reply(raw(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')), done())
  expect(codeOf(await ask(upstreams))).toBe('UPSTREAM_PROTOCOL')
})

test.each([
  ['is known to be lenient', { lenientEnd: true }, []],
  ['says [DONE]', {}, [done()]],
])('a call that has no name at the end is no answer where the upstream %s', async (_, settings, end) => {
  const { server, upstreams } = await start(settings)
  server.reply(delta({ tool_calls: [{ index: 0, id: 'call_a', function: { arguments: '{}' } }] }), ...end)
  expect(codeOf(await ask(upstreams))).toBe('UPSTREAM_PROTOCOL')
})

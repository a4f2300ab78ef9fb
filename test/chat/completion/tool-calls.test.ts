import { afterAll, expect, inject, test } from 'vitest'
import type { CompletionEvent } from '../../harness/completion-documents.ts'
import { createPerson, endOf, readTo } from '../../harness/person.ts'
import { freshDatabase, startServer } from '../../harness/server.ts'
import { chunks, delta, done, finish, gate, type Step, startScriptedUpstream } from '../../harness/upstream.ts'

const upstream = await startScriptedUpstream()
const settings = { OPENAI_BASE_URL: upstream.baseUrl, ...(await freshDatabase()) }
const { url } = await startServer(settings)
afterAll(() => upstream.close())

const alice = createPerson(url, 'alice')
const ends = [finish('tool_calls'), done()]

function call(index: number, id: string | null, name: string | null, more = ''): Step {
  return delta({ tool_calls: [{ index, id, function: { name, arguments: more } }] })
}

interface Shown {
  callId: string | null
  name: string | null
  arguments: string
}

/** What a viewer of these events makes of the calls: the first delta of each tells its id and name. */
function callsIn(events: readonly CompletionEvent[]): Shown[] {
  const calls: Shown[] = []
  const choices = events.flatMap((event) => ('choices' in event ? event.choices : []))
  for (const { index, argumentsOffset, ...piece } of choices.flatMap(({ toolCalls }) => toolCalls)) {
    const known = calls[index]
    calls[index] = known ? { ...known, arguments: known.arguments.slice(0, argumentsOffset) + piece.arguments } : piece
  }
  return calls
}

function storedIn(events: readonly CompletionEvent[]): Shown[] {
  const calls = endOf(events).choices[0]?.message.toolCalls ?? []
  return calls.map(({ callId, name, arguments: text }) => ({ callId, name, arguments: text }))
}

const start = () => alice.start(crypto.randomUUID(), 'What digs?')
const dig = { callId: 'call_1', name: 'dig', arguments: '{"depth":2}' }
const look = { callId: 'call_2', name: 'look', arguments: '{}' }

test.each<[string, Step[]]>([
  [
    'are counted from 1',
    [call(1, 'call_1', 'dig', '{"depth"'), call(1, null, null, ':2}'), call(2, 'call_2', 'look', '{}')],
  ],
  [
    'have the indexes of content blocks',
    [call(700, 'call_1', 'dig', '{"depth":'), call(702, 'call_2', 'look', '{}'), call(700, null, null, '2}')],
  ],
  [
    'get their names late',
    [call(0, 'call_2', null, '{'), call(1, 'call_1', 'dig', '{"depth":2}'), call(0, null, 'look', '}')],
  ],
])('viewers see the calls that are stored where they %s', async (_, script) => {
  upstream.reply(...script, ...ends)
  const events = await start().rest()
  expect(callsIn(events)).toEqual([dig, look])
  expect(storedIn(events)).toEqual([dig, look])
  expect(callsIn(await alice.watch(events[0]?.completionId ?? '').rest())).toEqual([dig, look])
})

test('a viewer gets a call once its id is there, and all that is stored of it', async () => {
  const rest = gate()
  upstream.reply(call(0, null, 'dig'), ...chunks('A mo'), rest.wait, call(0, 'call_1', null, '{"depth":2}'), ...ends)
  const viewer = start()
  const seen = await readTo('A mo', viewer)
  expect(callsIn(seen)).toEqual([])
  rest.open()
  const events = [...seen, ...(await viewer.rest())]
  expect(callsIn(events)).toEqual([dig])
  expect(storedIn(events)).toEqual([dig])
})

test.each([
  ['whose arguments begin', '{}'],
  ['without arguments, once the answer has its finish,', ''],
])('a viewer gets a call %s though it has no id, and can send its result', async (_, text) => {
  upstream.reply(call(0, '', 'look', text), ...ends)
  const events = await start().rest()
  const made = { callId: expect.stringMatching(/^call_\w{24}$/), name: 'look', arguments: text }
  expect(callsIn(events)).toEqual([made])
  expect(storedIn(events)).toEqual(callsIn(events))
  expect(callsIn(await alice.watch(events[0]?.completionId ?? '').rest())).toEqual(callsIn(events))

  const { conversation } = endOf(events)
  const toolCallId = callsIn(events)[0]?.callId
  await alice.ask({ conversationId: conversation?.id, messages: [{ role: 'TOOL', content: 'A mole.', toolCallId }] })
  expect(upstream.requests.at(-1)?.body).toMatchObject({
    messages: [
      { role: 'user' },
      { content: null, tool_calls: [{ id: toolCallId }] },
      { role: 'tool', tool_call_id: toolCallId },
    ],
  })
})

test('what the provider wants back with a call goes up with it', async () => {
  const extra_content = { google: { thought_signature: 'AAAA' } }
  const wire = { index: 0, id: 'call_1', extra_content, function: { name: 'dig', arguments: '{"depth":2}' } }
  upstream.reply(delta({ tool_calls: [wire] }), ...ends)
  const events = await start().rest()
  expect(callsIn(events)).toEqual([dig])
  const { conversation } = endOf(events)
  const messages = [{ role: 'TOOL', content: 'A mole.', toolCallId: 'call_1' }]
  await alice.ask({ conversationId: conversation?.id, messages })
  const call = { id: 'call_1', type: 'function', function: { name: 'dig', arguments: dig.arguments }, extra_content }
  expect(upstream.requests.at(-1)?.body['messages']).toMatchObject([
    { role: 'user' },
    { role: 'assistant', content: null, tool_calls: [call] },
    { role: 'tool', tool_call_id: 'call_1' },
  ])
})

test('of a call that has no more than a name when the answer is cut off, nothing is stored or shown', async () => {
  upstream.reply(call(0, null, 'dig'), ...chunks('A mo'))
  const events = await start().rest()
  expect(endOf(events)).toMatchObject({ status: 'INTERRUPTED', choices: [{ message: { content: 'A mo' } }] })
  expect(callsIn(events)).toEqual([])
  expect(storedIn(events)).toEqual([])
})

test('as many calls as a cursor can hold are an answer, one more is none', async () => {
  const calls = (count: number) =>
    Array.from({ length: count }, (_, index) => call(index, `call_${index}`, 'dig', '{}'))
  upstream.reply(...calls(128), ...ends)
  const events = await start().rest()
  expect(storedIn(events)).toHaveLength(128)
  const { completionId = '', cursor: after = '' } = events.at(-1) ?? {}
  expect((await alice.watch(completionId, { after }).rest()).map((event) => event.__typename)).toEqual([
    'CompletionEnded',
  ])
  upstream.reply(...calls(129), ...ends)
  const { status, error } = endOf(await start().rest())
  expect({ status, code: error?.['code'] }).toEqual({ status: 'FAILED', code: 'UPSTREAM_PROTOCOL' })
})

test.runIf(inject('database') === 'postgres')('a viewer at another replica gets each call once', async () => {
  const there = createPerson((await startServer(settings)).url, 'alice')
  const rest = gate()
  upstream.reply(call(1, 'call_1', 'dig', '{"depth"'), rest.wait, call(1, null, null, ':2}'), ...ends)
  const here = start()
  const seen = await here.until((event) => callsIn([event]).length > 0)
  const viewer = there.watch(seen[0]?.completionId ?? '')
  const seenThere = await viewer.until((event) => callsIn([event]).length > 0)
  rest.open()
  expect(callsIn([...seenThere, ...(await viewer.rest())])).toEqual([dig])
})

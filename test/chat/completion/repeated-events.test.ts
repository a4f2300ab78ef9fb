import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { type CompletionEvent, completionStream } from '../../harness/completion-documents.ts'
import { type FoldedChoice, foldEvent, storedChoices } from '../../harness/folded-answer.ts'
import { subscribeForGood } from '../../harness/lasting-subscription.ts'
import { createPerson, endOf, readTo, says } from '../../harness/person.ts'
import { startServer } from '../../harness/server.ts'
import { chunk, delta, done, finish, gate, type Step, startScriptedUpstream, usage } from '../../harness/upstream.ts'

const upstream = await startScriptedUpstream()
const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl })
afterAll(() => upstream.close())

const alice = createPerson(url, 'alice')

/** The next answer comes step by step, one for each call of `next`. */
function answerInSteps(steps: readonly Step[]) {
  const gates = steps.map(() => gate())
  upstream.reply(...steps.flatMap((step, index) => [gates[index]?.wait ?? step, step]))
  return { next: () => gates.shift()?.open(), all: () => gates.splice(0).forEach(({ open }) => void open()) }
}

const foldAll = (events: readonly CompletionEvent[]) => events.reduce(foldEvent, [] as readonly FoldedChoice[])

async function begin(n = 1) {
  const { completion } = await alice.ask({ messages: [says('What digs?')], n, logprobs: true, background: true })
  return completion.id
}

test('deltas say where each text begins, in UTF-16 code units, and which message the choice becomes', async () => {
  const call = (piece: object, id?: string) => delta({ tool_calls: [{ index: 0, id, function: piece }] })
  const entries = (...tokens: string[]) => tokens.map((token) => ({ token }))
  const { next, all } = answerInSteps([
    delta({ content: 'A 🦡', reasoning_content: 'Hm' }),
    delta({ content: ' digs', refusal: 'N' }),
    delta({ refusal: 'o', reasoning_content: '.' }),
    call({ name: 'dig', arguments: '{"d' }, 'call_0'),
    call({ arguments: '":1}' }),
    chunk([{ index: 0, delta: {}, logprobs: { content: entries('A', ' ') } }]),
    chunk([{ index: 0, delta: {}, logprobs: { content: entries('🦡') } }]),
    finish('tool_calls'),
    done(),
  ])
  const id = await begin()
  const viewer = alice.watch(id)
  await viewer.next()
  const deltas = []
  for (let step = 0; step < 7; step++) {
    next()
    const { value } = await viewer.next()
    if (value?.__typename === 'CompletionDelta') deltas.push(...value.choices)
  }
  all()
  const rest = await viewer.rest()
  const { message } = endOf(rest).choices[0] ?? {}
  expect(new Set(deltas.map(({ messageId }) => messageId))).toEqual(new Set([message?.id]))
  expect(deltas).toMatchObject([
    { content: 'A 🦡', contentOffset: 0, reasoning: 'Hm', reasoningOffset: 0, logprobs: null, logprobsOffset: null },
    { content: ' digs', contentOffset: 4, refusal: 'N', refusalOffset: 0, reasoning: '', reasoningOffset: 2 },
    { content: '', contentOffset: 9, refusal: 'o', refusalOffset: 1, reasoning: '.', reasoningOffset: 2 },
    { toolCalls: [{ index: 0, callId: 'call_0', name: 'dig', arguments: '{"d', argumentsOffset: 0 }] },
    { toolCalls: [{ index: 0, callId: null, name: null, arguments: '":1}', argumentsOffset: 3 }] },
    { logprobs: { content: entries('A', ' ') }, logprobsOffset: { content: 0, refusal: 0 } },
    { logprobs: { content: entries('🦡') }, logprobsOffset: { content: 2, refusal: 0 } },
  ])
  const [snapshot] = await alice.watch(id).rest()
  expect(snapshot).toMatchObject({ choices: [{ contentOffset: 0, refusalOffset: 0, reasoningOffset: 0 }] })
  expect(snapshot).toMatchObject({
    choices: [{ messageId: message?.id, toolCalls: [{ argumentsOffset: 0 }], logprobsOffset: { content: 0 } }],
  })
})

test('an unstored choice is of the message that the completion shows', async () => {
  const { next, all } = answerInSteps([delta({ content: 'A mo' }), delta({ content: 'le.' }), finish('stop'), done()])
  const viewer = alice.start(crypto.randomUUID(), { messages: [says('What digs?')], store: false })
  next()
  const seen = await readTo('A mo', viewer)
  all()
  seen.push(...(await viewer.rest()))
  expect(foldAll(seen)).toEqual(storedChoices(endOf(seen)))
})

test('a graphql-ws client that subscribes again by itself, with its old cursor, has exactly the stored text', async () => {
  const words = Array.from({ length: 60 }, (_, index) => `word ${index} `)
  const { next, all } = answerInSteps([...words.map((content) => delta({ content })), finish('stop'), done()])
  const id = await begin()
  const first = alice.watch(id)
  next()
  const [after] = (await readTo(words[0] ?? '', first)).slice(-1)
  first.drop()

  const variables = { input: { watch: { completionId: id, after: after?.cursor } } }
  const viewer = subscribeForGood<CompletionEvent>(url, 'alice', completionStream, variables)
  const reads = (count: number) => viewer.until((events) => events.length >= count)
  for (let step = 0; step < 20; step++) next()
  await reads(1)
  viewer.cut()
  next()
  await reads(viewer.events.length + 1)
  viewer.cut(async () => all())
  await viewer.until((events) => events.at(-1)?.__typename === 'CompletionEnded')

  const heard = viewer.events.flatMap((event) => ('choices' in event ? event.choices : []))
  const end = endOf(viewer.events)
  expect(viewer.connections()).toBe(3)
  expect(heard.map(({ content }) => content).join('').length).toBeGreaterThan(words.join('').length)
  const text = heard.reduce(
    (text, { content, contentOffset }) => text.slice(0, contentOffset) + content,
    words[0] ?? '',
  )
  expect(text).toBe(end.choices[0]?.message.content)
  expect(text).toBe(words.join(''))
})

const unit = fc.oneof(fc.constantFrom(0, 0xd83d, 0xde00, 0x61), fc.integer({ min: 0x20, max: 0xffff }))
const text = fc.array(unit, { minLength: 1, maxLength: 4 }).map((units) => String.fromCharCode(...units))
const piece = fc.record({
  index: fc.nat(1),
  field: fc.constantFrom('content', 'refusal', 'reasoning_content', 'call', 'logprobs'),
  call: fc.nat(1),
  text,
})

/** A tool call has its id and name in each fragment, as some servers send them. */
function stepOf({ index, field, call, text }: { index: number; field: string; call: number; text: string }): Step {
  if (field === 'logprobs') {
    const entries = [...text].map((token) => ({ token }))
    return chunk([{ index, delta: {}, logprobs: call === 0 ? { content: entries } : { refusal: entries } }])
  }
  if (field !== 'call') return delta({ [field]: text }, index)
  const id = `call_${index}_${call}`
  return delta({ tool_calls: [{ index: call, id, function: { name: `tool_${call}`, arguments: text } }] }, index)
}

describe.each(['websocket', 'sse'] as const)('a viewer over %s', (over) => {
  test('who always comes back with the same cursor, and keeps what they have, folds exactly the stored answer', async () => {
    // By connection, whether something is read on it.
    const cuts = fc.array(fc.boolean(), { minLength: 1, maxLength: 12 })
    const property = fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 12 }), cuts, async (pieces, cuts) => {
      const ends = [finish('stop', 0), finish('stop', 1), usage(9, 2), done()]
      const answer = answerInSteps([delta({ content: 'A ' }), ...pieces.map(stepOf), ...ends])
      const id = await begin(2)
      const [first] = await alice.watch(id, { over }).until(() => true)
      let choices = foldEvent([], first as CompletionEvent)
      answer.next()
      for (const reads of cuts) {
        const viewer = alice.watch(id, { over, after: first?.cursor ?? '' })
        answer.next()
        const { value } = reads ? await viewer.next() : {}
        if (value) choices = foldEvent(choices, value)
        viewer.drop()
      }
      answer.all()
      const rest = await alice.watch(id, { over, after: first?.cursor ?? '' }).rest()
      expect(rest.reduce(foldEvent, choices)).toEqual(storedChoices(endOf(rest)))
    })
    await fc.assert(property, { numRuns: 20 })
  })
})

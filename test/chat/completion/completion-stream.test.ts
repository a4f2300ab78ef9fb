import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import type { Completion, CompletionEvent } from '../../harness/completion-documents.ts'
import { contentsIn, createPerson, endOf, readTo, says } from '../../harness/person.ts'
import { startServer } from '../../harness/server.ts'
import { chunk, chunks, delta, done, finish, gate, startScriptedUpstream, usage } from '../../harness/upstream.ts'

const upstream = await startScriptedUpstream()
const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl })
afterAll(() => upstream.close())

const alice = createPerson(url, 'alice')
const ends = [finish('stop'), usage(9, 2), done()]
const newKey = () => crypto.randomUUID()
const typesOf = (events: CompletionEvent[]) => events.map((event) => event.__typename.replace('Completion', ''))

/** The next answer comes piece by piece, one for each call of `next`, and ends with one call more. */
function answerInSteps(...pieces: string[]) {
  const gates = [...pieces, 'end'].map(() => gate())
  const scripts = [...pieces.map((content) => [delta({ content })]), ends]
  upstream.reply(...gates.flatMap(({ wait }, index) => [wait, ...(scripts[index] ?? [])]))
  return { next: () => gates.shift()?.open() }
}

function contentOf(completion: Completion) {
  return completion.choices.map(({ message }) => message.content ?? '')
}

/** All that the events tell of one choice, which has at most one tool call. */
function choiceIn(events: CompletionEvent[], index: number) {
  const deltas = events.flatMap((event) => ('choices' in event ? event.choices : [])).filter((d) => d.index === index)
  const joined = (name: 'content' | 'refusal' | 'reasoning') => deltas.map((one) => one[name]).join('') || null
  const calls = deltas.flatMap(({ toolCalls }) => toolCalls)
  return {
    texts: { content: joined('content'), refusal: joined('refusal'), reasoning: joined('reasoning') },
    call: calls[0] && { ...calls[0], arguments: calls.map((call) => call.arguments).join('') },
    logprobs: deltas.flatMap((one) => one.logprobs?.content ?? []),
    finishReason: deltas.map((one) => one.finishReason).find((reason) => reason !== null),
  }
}

describe.each(['websocket', 'sse'] as const)('over %s', (over) => {
  const start = (input: object = {}, shape = {}) =>
    alice.start(newKey(), { messages: [says('What digs?')], ...input }, { over, ...shape })
  const watch = (completionId: string, place: { after?: string; flushMs?: number } = {}) =>
    alice.watch(completionId, { over, ...place })

  /** An answer that stands at `A mo`, and its first viewer. */
  async function running() {
    const answer = answerInSteps('A mo', 'le', '.')
    const viewer = start()
    answer.next()
    const seen = await readTo('A mo', viewer)
    return { answer, viewer, seen, id: seen[0]?.completionId ?? '' }
  }

  test('a snapshot comes first, then what is new, last the end; and the subscription completes', async () => {
    const { answer, viewer, seen, id } = await running()
    answer.next()
    await readTo('A mole', viewer, seen)
    answer.next()
    await readTo('A mole.', viewer, seen)
    answer.next()
    seen.push(...(await viewer.rest()))

    const [first, ...rest] = typesOf(seen)
    expect(first).toBe('Snapshot')
    expect(rest.pop()).toBe('Ended')
    expect(new Set(rest)).toEqual(new Set(['Delta']))
    expect(seen[0]).toMatchObject({ completion: { status: 'IN_PROGRESS' } })
    expect(new Set(seen.map((event) => event.completionId))).toEqual(new Set([id]))
    expect(endOf(seen)).toMatchObject({ status: 'COMPLETED', usage: { promptTokens: 9 } })
    expect(await alice.completion(id)).toEqual(endOf(seen))
  })

  test('two viewers of one answer see the same', async () => {
    const { answer, viewer, seen, id } = await running()
    const other = watch(id)
    const seenByOther = await readTo('A mo', other)
    for (const text of ['A mole', 'A mole.']) {
      answer.next()
      await Promise.all([readTo(text, viewer, seen), readTo(text, other, seenByOther)])
    }
    answer.next()
    const [rest, restOfOther] = await Promise.all([viewer.rest(), other.rest()])
    expect(endOf(restOfOther)).toEqual(endOf(rest))
  })

  test('a late viewer begins with a snapshot of all so far, and goes on from there', async () => {
    const { answer, id } = await running()
    const late = watch(id)
    const [first] = await late.until(() => true)
    expect(first).toMatchObject({ __typename: 'CompletionSnapshot', choices: [{ index: 0, content: 'A mo' }] })
    for (let step = 0; step < 3; step++) answer.next()
    const events = [first as CompletionEvent, ...(await late.rest())]
    expect(contentsIn(events)).toEqual(contentOf(endOf(events)))
  })

  test('a viewer of a finished answer gets a snapshot of all, and the end', async () => {
    const { completion } = await alice.ask('What digs?')
    const events = await watch(completion.id).rest()
    expect(typesOf(events)).toEqual(['Snapshot', 'Ended'])
    expect(contentsIn(events)).toEqual(['Hello world'])
    expect(endOf(events)).toEqual(completion)
  })

  test.each(['close', 'drop'] as const)('a viewer who leaves by %s stops nothing', async (leave) => {
    const { answer, viewer, id } = await running()
    await viewer[leave]()
    await viewer.rest()
    for (let step = 0; step < 3; step++) answer.next()
    expect(contentOf(endOf(await watch(id).rest()))).toEqual(['A mole.'])
  })

  test('the same start sent again attaches, with a fresh snapshot, and asks once', async () => {
    const before = upstream.requests.length
    const answer = answerInSteps('A mo', 'le.')
    const key = newKey()
    const viewer = alice.start(key, 'What digs?', { over })
    answer.next()
    const [lost] = await readTo('A mo', viewer)
    viewer.drop()

    const again = alice.start(key, 'What digs?', { over })
    const [first] = await again.until(() => true)
    expect(first).toMatchObject({ __typename: 'CompletionSnapshot', choices: [{ content: 'A mo' }] })
    expect(first?.completionId).toBe(lost?.completionId)
    answer.next()
    answer.next()
    expect(contentOf(endOf(await again.rest()))).toEqual(['A mole.'])
    expect(typesOf(await alice.start(key, 'What digs?', { over }).rest())).toEqual(['Snapshot', 'Ended'])
    expect(upstream.requests).toHaveLength(before + 1)
  })

  test('from any cursor a viewer goes on with exactly the rest, while it runs and after', async () => {
    const { answer, viewer, seen, id } = await running()
    answer.next()
    await readTo('A mole', viewer, seen)
    const places = seen.map((event, index) => [event.cursor, contentsIn(seen.slice(0, index + 1))[0] ?? ''] as const)

    const rests = places.map(([after]) => watch(id, { after }))
    // A viewer who has all so far gets nothing until there is more.
    const begun = rests.slice(0, -1).map((rest) => rest.until(() => true))
    const heads = [...(await Promise.all(begun)), []]
    for (let step = 0; step < 2; step++) answer.next()
    const live = await Promise.all(rests.map(async (rest, index) => [...(heads[index] ?? []), ...(await rest.rest())]))
    const finished = await Promise.all(places.map(([after]) => watch(id, { after }).rest()))

    for (const events of [live, finished]) {
      for (const [index, [, text]] of places.entries()) {
        const rest = events[index] ?? []
        expect(typesOf(rest)[0]).toBe('Delta')
        expect(text + contentsIn(rest)[0]).toBe('A mole.')
        expect(contentOf(endOf(rest))).toEqual(['A mole.'])
      }
    }
    const last = (await watch(id).rest()).at(-1)
    expect(typesOf(await watch(id, { after: last?.cursor }).rest())).toEqual(['Ended'])
  })

  test('with mode SNAPSHOT each event but the last has all so far', async () => {
    const answer = answerInSteps('A mo', 'le.')
    const viewer = start({}, { mode: 'SNAPSHOT' })
    const seen: CompletionEvent[] = []
    for (const text of ['A mo', 'A mole.']) {
      answer.next()
      await readTo(text, viewer, seen)
    }
    answer.next()
    seen.push(...(await viewer.rest()))
    expect(new Set(typesOf(seen.slice(0, -1)))).toEqual(new Set(['Snapshot']))
    expect(contentsIn(seen.slice(0, -1))).toEqual(contentOf(endOf(seen)))
  })

  test('flushMs joins what comes meanwhile, and the end does not wait for it', async () => {
    const pieces = ['A ', 'mo', 'le ', 'di', 'gs.']
    const answer = answerInSteps(...pieces)
    const viewer = start()
    answer.next()
    const seen = await readTo('A ', viewer)
    const slow = watch(seen[0]?.completionId ?? '', { flushMs: 60_000 }).rest()
    for (let index = 1; index < pieces.length; index++) {
      answer.next()
      await readTo(pieces.slice(0, index + 1).join(''), viewer, seen)
    }
    answer.next()
    const events = await slow
    expect(contentsIn(events)).toEqual(['A mole digs.'])
    expect(typesOf(events).filter((type) => type === 'Delta').length).toBeLessThanOrEqual(2)
    expect(typesOf(seen).filter((type) => type === 'Delta').length).toBeGreaterThanOrEqual(4)
  })

  test('an unstored answer streams alike, and a viewer who comes back soon finds it', async () => {
    const answer = answerInSteps('A mo', 'le.')
    const viewer = start({ store: false })
    answer.next()
    const seen = await readTo('A mo', viewer)
    const cursor = seen.at(-1)?.cursor
    answer.next()
    answer.next()
    const end = endOf(await viewer.rest())
    expect(end).toMatchObject({ status: 'COMPLETED', conversation: null })
    expect(contentOf(end)).toEqual(['A mole.'])
    expect(contentsIn(await watch(end.id, { after: cursor }).rest())).toEqual(['le.'])
    expect(contentsIn(await watch(end.id).rest())).toEqual(['A mole.'])
  })

  test('all of each choice is in the events: texts, tool calls, log probabilities, finish', async () => {
    const call = (piece: object, id?: string) => delta({ tool_calls: [{ index: 0, id, function: piece }] }, 1)
    const entry = { token: 'A', logprob: -1 }
    const script = [
      chunk([{ index: 0, delta: { content: 'A' }, logprobs: { content: [entry] } }]),
      delta({ reasoning_content: 'Digs.' }, 1),
      call({ name: 'dig', arguments: '{"d' }, 'call_1'),
      delta({ content: ' mole' }),
      call({ arguments: '":1}' }),
      delta({ refusal: 'No.' }, 1),
      finish('tool_calls', 1),
    ]
    upstream.reply(...script, ...ends)
    const events = await start({ n: 2 }).rest()
    expect(choiceIn(events, 0)).toMatchObject({ texts: { content: 'A mole' }, logprobs: [entry], finishReason: 'STOP' })
    expect(choiceIn(events, 1)).toMatchObject({
      texts: { content: null, refusal: 'No.', reasoning: 'Digs.' },
      call: { index: 0, callId: 'call_1', name: 'dig', arguments: '{"d":1}' },
      finishReason: 'TOOL_CALLS',
    })
    for (const [index, choice] of endOf(events).choices.entries()) {
      const { texts, finishReason } = choiceIn(events, index)
      expect(choice).toMatchObject({ finishReason, message: texts })
    }
  })

  test('any text is exact, whatever the pieces: NUL and lone halves of pairs become U+FFFD', async () => {
    const unit = fc.oneof(fc.constantFrom(0, 0xd83d, 0xde00, 0x61), fc.integer({ min: 0, max: 0xffff }))
    const piece = fc.array(unit, { minLength: 1, maxLength: 4 }).map((units) => String.fromCharCode(...units))
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 12 }), async (pieces) => {
        upstream.reply(...chunks(...pieces), ...ends)
        const events = await start().rest()
        const exact = pieces.join('').toWellFormed().replaceAll('\0', '\ufffd')
        expect(contentsIn(events)).toEqual([exact])
        expect(contentOf(endOf(events))).toEqual([exact])
        expect(contentsIn(await watch(endOf(events).id).rest())).toEqual([exact])
      }),
      { numRuns: 25, examples: [[['A \ud83d', '\ude00 mole\0']], [['\ude00', '\ud83d', '\ud83d']]] },
    )
  })
})

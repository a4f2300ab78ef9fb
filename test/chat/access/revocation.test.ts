import { afterAll, describe, expect, inject, test } from 'vitest'
import type { CompletionEvent } from '../../harness/completion-documents.ts'
import { contentsIn, createPerson, endOf, type Person, readTo, says, threadOf } from '../../harness/person.ts'
import { startProxy, withoutNotifications } from '../../harness/proxy.ts'
import { type Environment, freshDatabase, startServer } from '../../harness/server.ts'
import { chunks, done, finish, gate, startScriptedUpstream } from '../../harness/upstream.ts'
import { within } from '../../harness/within.ts'

const upstream = await startScriptedUpstream()
const settings: Environment = { ...(await freshDatabase()), OPENAI_BASE_URL: upstream.baseUrl }
const { url } = await startServer(settings)
afterAll(() => upstream.close())

const [alice, bob, cleo] = [createPerson(url, 'alice'), createPerson(url, 'bob'), createPerson(url, 'cleo')]
const [bobId, cleoId] = [await bob.id(), await cleo.id()]

/** A conversation of all three, in which an answer for one of them has come as far as `A mo`. */
async function answering({ asker = alice, role = 'EDITOR' } = {}) {
  const conversationId = (await alice.converse()).id
  await alice.add(conversationId, bobId, role)
  await alice.add(conversationId, cleoId, 'EDITOR')
  const hold = gate()
  upstream.reply(...chunks('A mo'), hold.wait, ...chunks('le.'), finish('stop'), done())
  const input = { conversationId, messages: [says('What digs?')], background: true }
  const { completion } = await asker.ask(input)
  await readTo('A mo', alice.watch(completion.id))
  return { conversationId, id: completion.id, finish: hold.open }
}

function expectLoss(events: CompletionEvent[], completionId: string) {
  const error = { __typename: 'NotFound', message: 'There is no such completion.' }
  expect(events.at(-1)).toEqual({
    __typename: 'CompletionRejected',
    completionId,
    cursor: events.at(-2)?.cursor,
    error,
  })
  expect(contentsIn(events)).toEqual(['A mo'])
}

const ended = async (id: string) => endOf(await alice.watch(id).rest())
const contentOf = async (id: string) => (await ended(id)).choices[0]?.message.content

describe.each(['websocket', 'sse'] as const)('a viewer over %s who is removed', (over) => {
  test.each(['DELTA', 'SNAPSHOT'] as const)('gets nothing more, and hears why, by %s', async (mode) => {
    const { conversationId, id, finish } = await answering()
    const viewer = bob.watch(id, { over, mode })
    const seen = await readTo('A mo', viewer)
    await alice.expel(conversationId, bobId)
    finish()
    expectLoss([...seen, ...(await within(1_000, viewer.rest()))], id)
    expect(await contentOf(id)).toBe('A mole.')
  })

  test('does not wait for a flush that was far away', async () => {
    const { conversationId, id, finish } = await answering()
    const viewer = bob.watch(id, { over, flushMs: 60_000 })
    const seen = await readTo('A mo', viewer)
    await bob.expel(conversationId, bobId)
    expectLoss([...seen, ...(await viewer.rest())], id)
    finish()
    await ended(id)
  })

  test('loses what they started themselves, too, and it goes on for the others', async () => {
    const conversationId = (await alice.converse()).id
    await alice.add(conversationId, bobId, 'EDITOR')
    const hold = gate()
    upstream.reply(...chunks('A mo'), hold.wait, ...chunks('le.'), finish('stop'), done())
    const key = crypto.randomUUID()
    const input = { conversationId, messages: [says('What digs?')] }
    const viewer = bob.start(key, input, { over })
    const seen = await readTo('A mo', viewer)
    await alice.expel(conversationId, bobId)
    hold.open()
    const rest = await viewer.rest()
    expectLoss([...seen, ...rest], '')
    expect(await bob.start(key, input, { over }).rest()).toMatchObject([{ error: { __typename: 'NotFound' } }])
    expect(await contentOf(seen[0]?.completionId ?? '')).toBe('A mole.')
  })
})

test('who stays sees the answer to its end, and so does whoever is removed from elsewhere', async () => {
  const here = await answering()
  const elsewhere = await answering()
  const viewers = [cleo.watch(here.id), bob.watch(elsewhere.id)]
  const seen = await Promise.all(viewers.map((viewer) => readTo('A mo', viewer)))
  await alice.expel(here.conversationId, bobId)
  here.finish()
  elsewhere.finish()
  for (const [index, viewer] of viewers.entries()) {
    expect(contentsIn([...(seen[index] ?? []), ...(await viewer.rest())])).toEqual(['A mole.'])
  }
})

/** To the end. An event that is under way at the removal may need what the viewer loses then: it is an error, not the end. */
async function restThroughRemoval(viewer: ReturnType<Person['watch']>) {
  try {
    return await viewer.rest()
  } catch (error) {
    expect(error).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] })
    return viewer.rest()
  }
}

test('whoever comes to watch at the moment of the removal gets nothing that came after it, twenty times', async () => {
  for (let round = 0; round < 20; round++) {
    const { conversationId, id, finish } = await answering()
    const viewer = bob.watch(id)
    const watching = restThroughRemoval(viewer)
    await alice.expel(conversationId, bobId)
    const rest = await watching
    finish()
    expect(rest.at(-1)).toMatchObject({ __typename: 'CompletionRejected', error: { __typename: 'NotFound' } })
    expect(contentsIn(rest)[0] ?? 'A mo').toBe('A mo')
    await ended(id)
  }
})

test('whoever waits for the answer of a mutation gets NotFound, and the answer is written for the others', async () => {
  const conversationId = (await alice.converse()).id
  await alice.add(conversationId, bobId, 'EDITOR')
  const hold = gate()
  const sent = upstream.requests.length
  upstream.reply(...chunks('A mo'), hold.wait, ...chunks('le.'), finish('stop'), done())
  const refusal = bob.ask.refuse({ conversationId, messages: [says('What digs?')] })
  await upstream.request(sent)
  await alice.expel(conversationId, bobId)
  expect(await refusal).toEqual({ __typename: 'NotFound', message: 'There is no such completion.' })
  const active = (await alice.conversation(conversationId))?.activeCompletions ?? []
  hold.open()
  expect(active).toHaveLength(1)
  expect(await contentOf(active[0]?.id ?? '')).toBe('A mole.')
  expect(await threadOf(alice, conversationId)).toEqual(['What digs?', 'A mole.'])
})

describe('a question that waits for its turn', () => {
  test.each([
    ['is removed', (conversationId: string) => alice.expel(conversationId, bobId)],
    ['leaves', (conversationId: string) => bob.expel(conversationId, bobId)],
    ['becomes a VIEWER', (conversationId: string) => alice.setRole(conversationId, bobId, 'VIEWER')],
  ])('is cancelled and never sent when its asker %s, and the next one has its turn', async (_, change) => {
    const { conversationId, finish: finishFirst } = await answering()
    const queued = (question: string) => {
      return { conversationId, messages: [says(question)], ifBusy: 'QUEUE', background: true }
    }
    const sent = upstream.requests.length
    const waiting = await bob.ask(queued('And now?'))
    const next = await cleo.ask(queued('When?'))
    await change(conversationId)
    expect(await ended(waiting.completion.id)).toMatchObject({ status: 'CANCELLED', usage: { source: 'NONE' } })
    finishFirst()
    expect((await ended(next.completion.id)).status).toBe('COMPLETED')
    expect(upstream.requests).toHaveLength(sent + 1)
  })

  test('stays when its asker becomes an OWNER', async () => {
    const { conversationId, finish: finishFirst } = await answering()
    const input = { conversationId, messages: [says('And now?')], ifBusy: 'QUEUE', background: true }
    const waiting = await bob.ask(input)
    await alice.setRole(conversationId, bobId, 'OWNER')
    finishFirst()
    expect((await ended(waiting.completion.id)).status).toBe('COMPLETED')
  })
})

test('whoever becomes a VIEWER watches on, but cancels nothing any more, not even their own', async () => {
  const { conversationId, id, finish } = await answering({ asker: bob })
  const viewer = bob.watch(id)
  const seen = await readTo('A mo', viewer)
  await alice.setRole(conversationId, bobId, 'VIEWER')
  expect(await bob.cancel.refuse(id)).toMatchObject({ __typename: 'Forbidden' })
  finish()
  expect(contentsIn([...seen, ...(await viewer.rest())])).toEqual(['A mole.'])
})

test('an EDITOR cancels what another asked', async () => {
  const { id } = await answering()
  expect((await bob.cancel(id)).completion).toMatchObject({ status: 'CANCELLED', requester: { name: 'alice' } })
})

if (inject('database') === 'postgres') {
  describe.each(['wake-ups', 'the poll alone'])('at another replica, by %s', async (how) => {
    const databaseUrl = settings['DATABASE_URL'] ?? ''
    const proxy = how === 'wake-ups' ? null : await startProxy(databaseUrl, withoutNotifications)
    afterAll(() => proxy?.close())
    const other = await startServer({ ...settings, DATABASE_URL: proxy?.url ?? databaseUrl })
    const bobThere = createPerson(other.url, 'bob')

    test('a viewer who is removed hears so within five seconds, and gets nothing that came later', async () => {
      const { conversationId, id, finish } = await answering()
      const viewer = bobThere.watch(id)
      const seen = await readTo('A mo', viewer)
      await alice.expel(conversationId, bobId)
      expectLoss([...seen, ...(await within(5_000, viewer.rest()))], id)
      finish()
      expect(await bobThere.conversation(conversationId)).toBeNull()
      await ended(id)
    })

    test('what waits there for its turn is cancelled with its asker', async () => {
      const { conversationId, finish } = await answering()
      const sent = upstream.requests.length
      const input = { conversationId, messages: [says('And now?')], ifBusy: 'QUEUE', background: true }
      const waiting = await bobThere.ask(input)
      await alice.expel(conversationId, bobId)
      expect((await ended(waiting.completion.id)).status).toBe('CANCELLED')
      finish()
      expect(upstream.requests).toHaveLength(sent)
    })
  })
}

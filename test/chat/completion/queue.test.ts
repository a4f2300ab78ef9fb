import { afterAll, describe, expect, inject, test } from 'vitest'
import { busyConversation } from '../../harness/busy-conversation.ts'
import { createPerson, endOf, type Person, says, threadOf } from '../../harness/person.ts'
import { type Environment, freshDatabase, spawnServer, startServer } from '../../harness/server.ts'
import { recordStatements } from '../../harness/statements.ts'
import {
  chunks,
  delta,
  done,
  every,
  finish,
  type RecordedRequest,
  startScriptedUpstream,
} from '../../harness/upstream.ts'

const upstream = await startScriptedUpstream()
afterAll(() => upstream.close())

const statements = recordStatements()

const sentTo = ({ body }: RecordedRequest) => (body['messages'] as { content: string }[]).map(({ content }) => content)
upstream.replyAlways((request) => [...chunks(`To ${sentTo(request).at(-1)}`), finish('stop'), done()])

const questions = ['one?', 'two?', 'three?']
const answered = questions.flatMap((question) => [question, `To ${question}`])
// Beyond what a JavaScript number holds: it must go up to the digit.
const seed = '9223372036854775807'

// Servers that are killed are missed after this. A busy machine may stand still for a second.
const killed: Environment = { LEASE_MS: '3000' }

/** A process with an answer that stands at `A mo`, and three questions that wait behind it. */
async function serverWithQueue(settings: Environment) {
  const shared = { OPENAI_BASE_URL: upstream.baseUrl, ...(await freshDatabase()), ...settings }
  const startNext = async () => (await startServer(shared)).url
  const server = await spawnServer(shared)
  // Where two can share the database, the other is there already.
  const other = inject('database') === 'postgres' ? await startNext() : null
  const alice = createPerson(server.url, 'alice')
  const { completion, conversationId, viewer, finish: goOn } = await busyConversation(upstream, alice)
  const waiting: string[] = []
  for (const question of questions) waiting.push(await queue(alice, conversationId, question, { seed }))
  return {
    ...{ server, alice, conversationId, viewer, running: completion.id, waiting, finish: goOn },
    sent: upstream.requests.length,
    next: async () => createPerson(other ?? (await startNext()), 'alice'),
  }
}

async function queue(person: Person, conversationId: string, question: string, more: object = {}) {
  const input = { conversationId, messages: [says(question)], ifBusy: 'QUEUE', background: true, ...more }
  return (await person.ask(input)).completion.id
}

/** What became of these, when all have ended. */
async function endsOf(person: Person, ids: readonly string[]) {
  return Promise.all(ids.map(async (id) => endOf(await person.watch(id).rest())))
}

async function expectAllAnswered(
  next: Person,
  { conversationId, waiting, sent }: { conversationId: string; waiting: string[]; sent: number },
  first: string,
) {
  const ends = await endsOf(next, waiting)
  expect(ends.map(({ status }) => status)).toEqual(['COMPLETED', 'COMPLETED', 'COMPLETED'])
  expect(await threadOf(next, conversationId)).toEqual(['What digs?', first, ...answered])
  const calls = upstream.requests.slice(sent)
  const thread = ['What digs?', first, ...answered]
  expect(calls.map(sentTo)).toEqual([3, 5, 7].map((length) => thread.slice(0, length)))
  for (const { text } of calls) expect(text).toContain(`"seed":${seed}`)
  expect(ends[2]?.context).toMatchObject({ omittedCount: 0 })
  expect((await next.conversation(conversationId))?.activeCompletions).toEqual([])
}

describe('questions that wait for their turn outlive their server', () => {
  test('that was killed: they are answered in order, with one upstream call each', async () => {
    const world = await serverWithQueue(killed)
    await world.server.kill('SIGKILL')
    const next = await world.next()
    const [lost] = await endsOf(next, [world.running])
    expect(lost).toMatchObject({ status: 'INTERRUPTED', error: { code: 'SERVER_LOST' } })
    await expectAllAnswered(next, world, 'A mo')
  })

  test('that goes away: it finishes what it has begun, and leaves them to the next', async () => {
    const world = await serverWithQueue({ DRAIN_MS: '30000' })
    const exit = world.server.kill('SIGTERM')
    await expect.poll(() => fetch(`${world.server.url}/readyz`).then(({ status }) => status)).toBe(503)
    world.finish()
    expect(endOf(await world.viewer.rest()).status).toBe('COMPLETED')
    expect(await exit).toEqual({ code: 0, signal: null })
    await expectAllAnswered(await world.next(), world, 'A mole.')
  })

  test('that goes away at once: it ends what it has begun alone', async () => {
    const world = await serverWithQueue({})
    expect(await world.server.kill('SIGTERM')).toEqual({ code: 0, signal: null })
    const next = await world.next()
    const ends = await endsOf(next, [world.running, ...world.waiting])
    expect(ends.map(({ status }) => status)).toEqual(['INTERRUPTED', 'COMPLETED', 'COMPLETED', 'COMPLETED'])
    expect(upstream.requests).toHaveLength(world.sent + 3)
  })

  test('and its viewers watch them on at the next', async () => {
    const world = await serverWithQueue(killed)
    const viewer = world.alice.watch(world.waiting[0] ?? '')
    const [first] = await viewer.until(() => true)
    await world.server.kill('SIGKILL')
    const next = await world.next()
    const rest = await next.watch(world.waiting[0] ?? '', { after: first?.cursor }).rest()
    expect(endOf(rest).choices[0]?.message.content).toBe('To one?')
  })
})

describe('in the queue of a conversation', () => {
  async function busyWithQueue() {
    const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl })
    const alice = createPerson(url, 'alice')
    const { completion, ...busy } = await busyConversation(upstream, alice)
    const ask = (question: string, more?: object) => queue(alice, busy.conversationId, question, more)
    return { ...busy, alice, running: completion.id, ask }
  }

  test('a cancelled one leaves the others in order', async () => {
    const { alice, conversationId, ask, finish: goOn, sent } = await busyWithQueue()
    const [one, two, three] = [await ask('one?'), await ask('two?'), await ask('three?')]
    await alice.cancel(two)
    goOn()
    const ends = await endsOf(alice, [one, two, three])
    expect(ends.map(({ status }) => status)).toEqual(['COMPLETED', 'CANCELLED', 'COMPLETED'])
    expect(await threadOf(alice, conversationId)).toEqual([
      ...['What digs?', 'A mole.', 'one?', 'To one?', 'two?', null, 'three?', 'To three?'],
    ])
    expect(upstream.requests.slice(sent).map((request) => sentTo(request).at(-1))).toEqual(['one?', 'three?'])
  })

  test('INTERRUPT stops the answer that is written, and goes behind those who wait', async () => {
    const { alice, conversationId, running, ask } = await busyWithQueue()
    const one = await ask('one?')
    const two = await ask('two?', { ifBusy: 'INTERRUPT' })
    const ends = await endsOf(alice, [running, one, two])
    expect(ends.map(({ status }) => status)).toEqual(['CANCELLED', 'COMPLETED', 'COMPLETED'])
    expect(await threadOf(alice, conversationId)).toEqual(['What digs?', 'A mo', 'one?', 'To one?', 'two?', 'To two?'])
  })

  test('32 may wait; one more hears that the conversation is busy, also when all come at once', async () => {
    const { alice, conversationId, running, ask } = await busyWithQueue()
    for (let count = 0; count < 29; count++) await ask(`${count}?`)
    const asked = await Promise.allSettled(Array.from({ length: 6 }, (_, index) => ask(`At once ${index}?`)))
    const refused = asked.flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []))
    expect(refused).toEqual(Array(3).fill(expect.stringContaining('ConversationBusy')))
    const more = { conversationId, messages: [says('And?')], ifBusy: 'INTERRUPT' }
    expect(await alice.ask.refuse(more)).toMatchObject({
      __typename: 'ConversationBusy',
      message: expect.stringContaining('32'),
      completion: { id: running },
    })
    await alice.remove(conversationId)
  })

  // The statements are counted on their way to Postgres; what a server asks PGlite goes no way.
  if (inject('database') === 'postgres') {
    test('the store is asked for the turn once for all who wait, and not at each word of others', async () => {
      const { alice, ask, finish: goOn } = await busyWithQueue()
      const waiting: string[] = []
      const recorded: string[][] = []
      for (let count = 0; count < 10; count++) {
        waiting.push(await ask(`${count}?`))
        recorded.push(statements.latest())
      }
      const asked = () => recorded.flat().filter((text) => text.includes('SET turn_id = c.conversation_id')).length
      const startMs = performance.now()
      const before = asked()
      upstream.reply(every(10, delta({ content: 'mole ' })))
      const other = await alice.ask({ messages: [says('What digs?')], background: true })
      const viewer = alice.watch(other.completion.id)
      for (let words = 0; words < 120; words++) await viewer.next()
      // Once in half a second, and for the start of the last.
      expect(asked() - before).toBeLessThanOrEqual(3 + (performance.now() - startMs) / 500)
      expect(asked()).toBeGreaterThan(0)
      await alice.cancel(other.completion.id)
      goOn()
      expect(new Set((await endsOf(alice, waiting)).map(({ status }) => status))).toEqual(new Set(['COMPLETED']))
    })
  }

  test('nobody waits any longer once the conversation is deleted', async () => {
    const { alice, conversationId, ask, finish: goOn, sent } = await busyWithQueue()
    const viewers = [alice.watch(await ask('one?')), alice.watch(await ask('two?'))]
    for (const viewer of viewers) await viewer.next()
    const ends = Promise.all(viewers.map(async (viewer) => endOf(await viewer.rest()).status))
    await alice.remove(conversationId)
    expect(await ends).toEqual(['CANCELLED', 'CANCELLED'])
    goOn()
    expect(upstream.requests).toHaveLength(sent)
  })
})

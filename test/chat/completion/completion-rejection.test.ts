import { afterAll, describe, expect, test } from 'vitest'
import { createPerson, says } from '../../harness/person.ts'
import { startServer } from '../../harness/server.ts'
import { startScriptedUpstream } from '../../harness/upstream.ts'

const upstream = await startScriptedUpstream()
const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl })
afterAll(() => upstream.close())

const alice = createPerson(url, 'alice')
const newKey = () => crypto.randomUUID()

describe.each(['websocket', 'sse'] as const)('over %s', (over) => {
  const watch = (completionId: string, place: { after?: string } = {}) => alice.watch(completionId, { over, ...place })
  const typesOf = (events: { __typename: string }[]) =>
    events.map(({ __typename }) => __typename.replace('Completion', ''))

  test('a cursor of another completion and nonsense are InvalidInput', async () => {
    const { completion } = await alice.ask('What digs?')
    const [foreign] = await watch((await alice.ask('What else?')).completion.id).rest()
    for (const after of [foreign?.cursor, 'nonsense', `${foreign?.cursor}~x`, foreign?.cursor.slice(0, -9)]) {
      expect(await watch(completion.id, { after }).rest()).toEqual([
        {
          __typename: 'CompletionRejected',
          completionId: completion.id,
          cursor: after,
          error: {
            __typename: 'InvalidInput',
            path: 'input.watch.after',
            message: expect.stringContaining('input.watch.after'),
          },
        },
      ])
    }
  })

  test('the cursor of a rejection can be sent back: the one that was given, or an empty one, which is none', async () => {
    const { completion } = await alice.ask('What digs?')
    const [whole] = await watch(completion.id).rest()
    const eve = createPerson(url, 'eve')
    for (const [after, types] of [
      [whole?.cursor, ['Ended']],
      ['', ['Snapshot', 'Ended']],
      [undefined, ['Snapshot', 'Ended']],
    ] as const) {
      const [rejected] = await eve.watch(completion.id, { over, ...(after !== undefined && { after }) }).rest()
      expect(rejected).toMatchObject({ __typename: 'CompletionRejected', cursor: after ?? '' })
      expect(typesOf(await watch(completion.id, { after: rejected?.cursor ?? 'none' }).rest())).toEqual(types)
    }
  })

  test('what does not exist is NotFound', async () => {
    const conversation = await alice.converse()
    for (const completionId of [conversation.id, 'nonsense', '']) {
      expect(await watch(completionId).rest()).toMatchObject([
        { __typename: 'CompletionRejected', completionId, cursor: '', error: { __typename: 'NotFound' } },
      ])
    }
  })

  test('a start that is refused is one event, and nothing is sent', async () => {
    const before = upstream.requests.length
    const refused = async (key: string, input: object, shape = {}) => {
      const [event, ...more] = await alice.start(key, { messages: [says('x')], ...input }, { over, ...shape }).rest()
      expect(more).toEqual([])
      return event
    }
    const rejection = (path: string) => ({
      __typename: 'CompletionRejected',
      completionId: '',
      error: { __typename: 'InvalidInput', path },
    })
    const warm = await refused(newKey(), { temperature: 3 })
    expect(warm).toMatchObject(rejection('input.start.completion.temperature'))
    const empty = await refused(newKey(), { conversationId: (await alice.converse()).id, messages: [] })
    expect(empty).toMatchObject(rejection('input.start.completion.messages'))
    expect(await refused('', {})).toMatchObject(rejection('input.start.idempotencyKey'))
    expect(await refused(newKey(), {}, { flushMs: -1 })).toMatchObject(rejection('input.start.flushMs'))
    expect(upstream.requests).toHaveLength(before)
  })
})

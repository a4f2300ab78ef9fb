import { describe, expect, test } from 'vitest'
import { type ConversationEvent, conversationEvents } from '../../harness/conversation-documents.ts'
import { beginConversation, isLast, summary } from '../../harness/conversation-events.ts'
import { subscribeForGood } from '../../harness/lasting-subscription.ts'
import { createPerson } from '../../harness/person.ts'
import { startServer } from '../../harness/server.ts'

const { url } = await startServer()
const [alice, bob] = [createPerson(url, 'alice'), createPerson(url, 'bob')]
const transports = ['websocket', 'sse'] as const

describe('conversationEvents', () => {
  test.each(transports)('by %s rejects what is not there, as the only event', async (over) => {
    const { id, start } = await beginConversation(alice)
    for (const conversationId of [id, 'nothing', await bob.id()]) {
      expect(await bob.follow(conversationId, { over, after: start }).rest()).toEqual([
        {
          __typename: 'ConversationEventsRejected',
          conversationId,
          cursor: start,
          error: { __typename: 'NotFound', message: 'There is no such conversation.' },
        },
      ])
    }
  })

  test('over server-sent events rejects with status 200, since clients try again after any other', async () => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { accept: 'text/event-stream', 'content-type': 'application/json', authorization: 'Dev bob' },
      body: JSON.stringify({ query: conversationEvents, variables: { id: 'nothing', after: 'x' } }),
    })
    expect(response.status).toBe(200)
    expect(await response.text()).toContain('NotFound')
  })

  test('takes no stream away from who was rejected', async () => {
    const server = await startServer({ LIMIT_STREAMS_PER_USER: '1' })
    const person = createPerson(server.url, 'alice')
    const { id, start } = await beginConversation(person)
    await person.follow(id, { after: 'x' }).rest()
    await person.write(id, 'the last')
    const viewer = person.follow(id, { after: start })
    expect((await viewer.until(isLast)).map(summary)).toEqual(['MessageCreated the last'])
    await viewer.close()
  })

  test('repeats to a client that re-subscribes by itself, and lets it miss nothing', async () => {
    const { id, start } = await beginConversation(alice)
    const viewer = subscribeForGood<ConversationEvent>(url, 'alice', conversationEvents, { id, after: start })
    const hears = (text: string) => viewer.until((events) => events.some((event) => summary(event).endsWith(text)))
    await alice.write(id, 'before')
    await hears('before')
    for (const text of ['meanwhile', 'again']) {
      viewer.cut(() => alice.write(id, text))
      await hears(text)
    }
    await alice.write(id, 'the last')
    await hears('the last')
    expect(viewer.connections()).toBe(3)
    const told = viewer.events.map(summary).map((text) => text.replace('MessageCreated ', ''))
    expect(told).toEqual([...['before', 'before', 'meanwhile'], ...['before', 'meanwhile', 'again', 'the last']])
  })
})

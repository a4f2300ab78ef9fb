import { afterAll, expect, inject, test } from 'vitest'
import { growStoredConversation } from '../../harness/long-conversation.ts'
import { createPerson, says } from '../../harness/person.ts'
import { freshDatabase, startServer } from '../../harness/server.ts'
import { recordStatements } from '../../harness/statements.ts'
import { startScriptedUpstream } from '../../harness/upstream.ts'

const upstream = await startScriptedUpstream()
afterAll(() => upstream.close())

const statements = recordStatements()
const count = 12_000
const settings = { OPENAI_BASE_URL: upstream.baseUrl, ...(await freshDatabase()) }
const { conversationId, messageIds } = await grown()
const { url } = await startServer(settings)
const alice = createPerson(url, 'alice')

async function grown() {
  const server = await startServer(settings)
  const { id } = await createPerson(server.url, 'alice').converse()
  await server.close()
  const ids = await growStoredConversation(settings, { conversationId: id, count, content: 'A mole digs.' })
  return { conversationId: id, messageIds: ids }
}

const sentCount = () => (upstream.requests.at(-1)?.body['messages'] as object[] | undefined)?.length ?? 0

/** A question after the message at this place of the path, and its answer, where the conversation goes on elsewhere. */
const askAfter = (place: number, context: object) => ({
  conversationId,
  parentId: messageIds[place - 1],
  messages: [says('When?')],
  context,
})

test('a long conversation is asked with what its last messages are', async () => {
  for (const [context, sent] of [
    [{ lastN: 20 }, 20],
    [{ lastN: 1_000 }, 1_000],
  ] as const) {
    const { completion } = await alice.ask(askAfter(count, context))
    expect(sentCount()).toBe(sent)
    expect(completion.context).toMatchObject({ messagesCount: sent, omittedCount: count + 1 - sent, tooLong: false })
  }
  const { completion } = await alice.ask(askAfter(count, { tokenBudget: 8_000 }))
  expect(completion.context.promptTokens).toBeLessThanOrEqual(8_000)
  expect(completion.context.omittedCount).toBe(count + 1 - sentCount())
})

test('what is read for that does not grow with the conversation', async () => {
  if (inject('database') === 'pglite') return
  for (const context of [{ lastN: 20 }, { tokenBudget: 2_000 }]) {
    const counts: number[] = []
    for (const place of [2_000, count]) {
      await alice.preview(askAfter(place, context))
      counts.push(statements.latest().length)
    }
    expect(counts[1]).toBeLessThanOrEqual(counts[0] ?? 0)
  }
})

test('no context has more messages than a server sends at once', async () => {
  for (const context of [{ lastN: 1_000_000 }, { tokenBudget: 10_000_000 }]) {
    const report = await alice.preview(askAfter(count, context))
    expect(report).toMatchObject({ messagesCount: 10_000, omittedCount: count + 1 - 10_000, tooLong: false })
  }
})

test('all of one that is longer is refused by its length, before it is read', async () => {
  const sent = upstream.requests.length
  const failure = await alice.ask.refuse(askAfter(count, { full: true }))
  expect(failure.__typename).toBe('ContextTooLong')
  expect(failure.message).toMatch(/12001 messages.*10000 are allowed/)
  const report = await alice.preview(askAfter(count, { full: true }))
  expect(report).toMatchObject({ strategy: 'FULL', tooLong: true })
  expect(report.messagesCount + report.omittedCount).toBe(count + 1)
  expect(report.messagesCount).toBeLessThan(1_000)
  expect(upstream.requests).toHaveLength(sent)
})

test('of a long context the report has the number, and lists the newest messages', async () => {
  const place = 5_000
  const { completion } = await alice.ask(askAfter(place, { full: true }))
  expect(sentCount()).toBe(place + 1)
  const { messages, ...report } = completion.context
  expect(report).toMatchObject({ strategy: 'FULL', messagesCount: place + 1, omittedCount: 0, tooLong: false })
  expect(messages).toHaveLength(200)
  expect(messages.slice(0, -1).map(({ id }) => id)).toEqual(messageIds.slice(place - 199, place))
  expect(messages.at(-1)?.content).toBe('When?')
})

test('a page of messages reads nothing of what was sent, unless that is asked for', async () => {
  if (inject('database') === 'pglite') return
  const read = async (fields: string) => {
    const document = `query ($id: ID!) { conversation(id: $id) { messages(last: 50) { edges { node { completion { ${fields} } } } } } }`
    await alice.request(document, { id: conversationId })
    return statements.latest().join('\n')
  }
  await alice.ask(askAfter(count, { lastN: 1 }))
  expect(await read('status')).not.toMatch(/parameters|context_message_ids/)
  expect(await read('parameters context { messages { id } }')).toMatch(/parameters, context_message_ids/)
})

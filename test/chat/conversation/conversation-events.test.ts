import { afterAll, describe, expect, test } from 'vitest'
import type { ConversationEvent } from '../../harness/conversation-documents.ts'
import { beginConversation, eventsAfter, isLast, summary } from '../../harness/conversation-events.ts'
import { createPerson, endOf, readTo, says } from '../../harness/person.ts'
import { startServer } from '../../harness/server.ts'
import { chunks, delta, done, finish, gate, refusal, silence, startScriptedUpstream } from '../../harness/upstream.ts'

const upstream = await startScriptedUpstream()
const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl })
afterAll(() => upstream.close())

const alice = createPerson(url, 'alice')
const transports = ['websocket', 'sse'] as const

/** A conversation of alice's with one message, and the place after it. */
const begin = () => beginConversation(alice)

describe('who follows a conversation', () => {
  test.each(transports)('by %s hears of all that happens in it, in its order', async (over) => {
    const { id, start } = await begin()
    const viewer = alice.follow(id, { over, after: start })
    upstream.reply(...chunks('A mole.'), finish('stop'), done())
    const { completion } = await alice.ask({ conversationId: id, messages: [says('Tell me.'), says('Please.')] })
    await alice.write(id, 'Thanks.')
    await alice.update(id, { title: 'Moles' })
    await alice.update(id, { archived: true })
    await alice.write(id, 'the last')
    const events = await viewer.until(isLast)
    expect(events.map(({ __typename }) => __typename)).toEqual([
      ...['MessageCreated', 'MessageCreated', 'CompletionStarted', 'CompletionFinished'],
      ...['MessageCreated', 'ConversationUpdated', 'ConversationUpdated', 'MessageCreated'],
    ])
    expect(events[6]).toMatchObject({ conversation: { title: 'Moles', archivedAt: expect.any(String) } })
    const contents = events.flatMap((event) => ('message' in event ? event.message.content : []))
    expect(contents).toEqual(['Tell me.', 'Please.', 'Thanks.', 'the last'])
    expect(events[3]).toMatchObject({ conversationId: id, completion })
    await viewer.close()
  })

  test('misses nothing that happens while they come', async () => {
    const { id, start } = await begin()
    const viewer = alice.follow(id, { after: start })
    const first = viewer.next()
    let isThere = false
    void first.then(() => {
      isThere = true
    })
    let count = 0
    while (!isThere) await alice.write(id, `${count++}`)
    await alice.write(id, 'the last')
    const { value } = await first
    const rest = await viewer.until(isLast)
    const events = [value as ConversationEvent, ...rest]
    const expected = Array.from({ length: count }, (_, index) => `MessageCreated ${index}`)
    expect(events.map(summary)).toEqual([...expected, 'MessageCreated the last'])
    await viewer.close()
  })

  test('hears at once, not when the server next looks', async () => {
    const { id, start } = await begin()
    const viewer = alice.follow(id, { after: start })
    const startedMs = performance.now()
    for (let count = 0; count < 10; count++) {
      await alice.write(id, `${count}`)
      await viewer.next()
    }
    // It looks every two seconds.
    expect(performance.now() - startedMs).toBeLessThan(10_000)
    await viewer.close()
  })

  test('can read what an event speaks of as soon as it comes', async () => {
    const { id, start } = await begin()
    const viewer = alice.follow(id, { after: start })
    const asked = alice.ask({ conversationId: id, messages: [says('Tell me.')] })
    for await (const event of viewer) {
      if ('message' in event) expect(await alice.message(event.message.id)).toEqual(event.message)
      if (!('completion' in event)) continue
      const known = await alice.completion(event.completion.id)
      if (event.__typename === 'CompletionStarted') expect(known?.id).toBe(event.completion.id)
      if (event.__typename === 'CompletionFinished') {
        expect(known).toEqual(event.completion)
        expect(event.completion).toMatchObject({ status: 'COMPLETED', choices: [{ message: { status: 'COMPLETE' } }] })
        break
      }
    }
    await asked
    await viewer.close()
  })

  test('hears how completions end that are cancelled, refused or cut off', async () => {
    const { id, start } = await begin()
    const ask = (ifBusy: string) => ({ conversationId: id, messages: [], parentId: root, background: true, ifBusy })
    const root = (await alice.write(id, 'And?')).createdMessage.id
    upstream.reply(...chunks('A mo'), silence())
    const { completion } = await alice.ask(ask('REJECT'))
    await readTo('A mo', alice.watch(completion.id))
    await alice.cancel(completion.id)
    upstream.reply(refusal(400))
    endOf(await alice.watch((await alice.ask(ask('REJECT'))).completion.id).rest())
    upstream.reply(...chunks('A mo'))
    endOf(await alice.watch((await alice.ask(ask('REJECT'))).completion.id).rest())
    const ends = (await eventsAfter(start, id, alice)).filter(({ __typename }) => __typename === 'CompletionFinished')
    expect(ends.map(summary)).toEqual(
      ['CANCELLED', 'FAILED', 'INTERRUPTED'].map((status) => `CompletionFinished ${status}`),
    )
  })

  test('hears of a question that waits for its turn when it is asked', async () => {
    const { id, root, start } = await begin()
    const hold = gate()
    upstream.reply(...chunks('A mo'), hold.wait, delta({ content: 'le.' }), finish('stop'), done())
    const viewer = alice.follow(id, { after: start })
    await alice.ask({ conversationId: id, messages: [says('First.')], background: true })
    await alice.ask({
      conversationId: id,
      parentId: root,
      messages: [says('Next.')],
      background: true,
      ifBusy: 'QUEUE',
    })
    const started = await viewer.until((event) => summary(event) === 'MessageCreated Next.')
    expect(started.map(({ __typename }) => __typename)).toEqual([
      'MessageCreated',
      'CompletionStarted',
      'MessageCreated',
    ])
    hold.open()
    const rest = [await viewer.next(), await viewer.next(), await viewer.next()].map(({ value }) =>
      summary(value as never),
    )
    expect(rest[0]).toMatch('CompletionStarted')
    expect(rest.slice(1)).toEqual(['CompletionFinished COMPLETED', 'CompletionFinished COMPLETED'])
    await viewer.close()
  })

  test('hears of an unstored completion, which is among the active ones', async () => {
    const { id, start } = await begin()
    await alice.ask({ conversationId: id, messages: [says('In private.')], store: false })
    const events = await eventsAfter(start, id, alice)
    expect(events.map(({ __typename }) => __typename)).toEqual(['CompletionStarted', 'CompletionFinished'])
    expect(JSON.stringify(events)).not.toContain('In private.')
  })

  test('that its first question made hears of the end of the answer', async () => {
    const hold = gate()
    upstream.reply(...chunks('A mo'), hold.wait, delta({ content: 'le.' }), finish('stop'), done())
    const { conversation } = await alice.ask({ messages: [says('What digs?')], background: true })
    const viewer = alice.follow(conversation?.id ?? '', { after: await alice.eventCursor(conversation?.id ?? '') })
    hold.open()
    const { value } = await viewer.next()
    expect(summary(value as ConversationEvent)).toBe('CompletionFinished COMPLETED')
    await viewer.close()
  })

  test('hears once of a message that was sent several times', async () => {
    const { id, start } = await begin()
    const send = () => alice.write(id, 'Once.', { idempotencyKey: 'a key' })
    await Promise.all([send(), send(), send(), send()])
    await send()
    expect((await eventsAfter(start, id, alice)).map(summary)).toEqual(['MessageCreated Once.'])
  })

  test('hears that a message was deleted, and who comes later hears that alone', async () => {
    const { id, start } = await begin()
    const viewer = alice.follow(id, { after: start })
    const { createdMessage } = await alice.write(id, 'Soon gone.')
    const { value: created } = await viewer.next()
    await alice.erase(createdMessage.id)
    const { value: deleted } = await viewer.next()
    expect([created, deleted]).toMatchObject([
      { __typename: 'MessageCreated', message: { id: createdMessage.id } },
      { __typename: 'MessageDeleted', messageId: createdMessage.id },
    ])
    expect(await eventsAfter(start, id, alice)).toEqual([deleted])
    await viewer.close()
  })

  test('hears nothing of another conversation, nor of what was refused', async () => {
    const { id, start } = await begin()
    const other = await begin()
    await alice.update(other.id, { title: 'Another' })
    await alice.update.refuse(id, { defaults: { topP: 2 } })
    await alice.write.refuse(id, 'Where?', { parentId: other.root })
    expect(await eventsAfter(start, id, alice)).toEqual([])
  })

  test.each(transports)('by %s, when it is deleted, has AccessRevoked as the last event', async (over) => {
    const { id, start } = await begin()
    const viewer = alice.follow(id, { over, after: start })
    await alice.update(id, { title: 'Soon gone' })
    await viewer.next()
    await alice.remove(id)
    expect((await viewer.rest()).map(summary)).toEqual(['AccessRevoked'])
  })
})

describe('LIMIT_STREAMS_PER_USER', () => {
  test('counts conversations that are followed, until their viewers leave or are sent away', async () => {
    const server = await startServer({ OPENAI_BASE_URL: upstream.baseUrl, LIMIT_STREAMS_PER_USER: '2' })
    const person = createPerson(server.url, 'alice')
    const { id, start } = await beginConversation(person)
    const follow = () => person.follow(id, { after: start })
    await person.write(id, 'Hello.')
    const [one, other] = [follow(), follow()]
    await Promise.all([one.next(), other.next()])
    await expect(follow().rest()).rejects.toMatchObject({ errors: [{ extensions: { code: 'RATE_LIMITED' } }] })
    const { completion } = await person.ask('What digs?')
    expect(await person.watch(completion.id).rest()).toMatchObject([{ error: { __typename: 'RateLimited' } }])

    await one.close()
    await expect
      .poll(() =>
        follow()
          .next()
          .catch(() => null),
      )
      .toMatchObject({ done: false })
    await person.remove(id)
    expect((await other.rest()).map(summary)).toEqual(['AccessRevoked'])
    await expect.poll(async () => (await person.watch(completion.id).rest()).at(-1)?.__typename).toBe('CompletionEnded')
  })
})

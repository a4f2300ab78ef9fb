import { afterAll, describe, expect, test } from 'vitest'
import { busyConversation } from '../../harness/busy-conversation.ts'
import { createPerson, endOf, says, threadOf } from '../../harness/person.ts'
import { startServer } from '../../harness/server.ts'
import { chunks, done, finish, gate, startScriptedUpstream } from '../../harness/upstream.ts'

const upstream = await startScriptedUpstream()
const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl })
afterAll(() => upstream.close())

const alice = createPerson(url, 'alice')

async function busyWithQuestions() {
  const busy = await busyConversation(upstream, alice)
  const ask = (question: string, ifBusy?: string) => {
    const { conversationId } = busy
    return { conversationId, messages: [says(question)], ...(ifBusy && { ifBusy }), background: true }
  }
  return { ...busy, ask }
}

const ended = async (id: string) => endOf(await alice.watch(id).rest())

describe('while an answer is written, another question in its conversation', () => {
  test.each([undefined, 'REJECT'])('is refused with ifBusy %s, and leaves nothing there', async (ifBusy) => {
    const busy = await busyWithQuestions()
    const failure = await alice.ask.refuse(busy.ask('And now?', ifBusy))
    expect(failure).toMatchObject({
      __typename: 'ConversationBusy',
      completion: { id: busy.completion.id, status: 'IN_PROGRESS' },
    })
    expect(await threadOf(alice, busy.conversationId)).toEqual(['What digs?', 'A mo'])
    busy.finish()
    await busy.viewer.rest()
    expect(upstream.requests).toHaveLength(busy.sent)
    const next = await alice.ask({ ...busy.ask('And now?', ifBusy), background: false })
    expect(next.completion.status).toBe('COMPLETED')
  })

  test('is refused as an event over a stream', async () => {
    const busy = await busyWithQuestions()
    const events = await alice.start(crypto.randomUUID(), busy.ask('And now?')).rest()
    expect(events).toMatchObject([{ __typename: 'CompletionRejected', error: { __typename: 'ConversationBusy' } }])
    busy.finish()
  })

  test('waits for its turn with QUEUE, in the order of asking, and is sent with the answers before it', async () => {
    const busy = await busyWithQuestions()
    upstream.reply(...chunks('Worms.'), finish('stop'), done())
    upstream.reply(...chunks('At night.'), finish('stop'), done())
    const second = await alice.ask(busy.ask('What does it eat?', 'QUEUE'))
    const third = await alice.ask(busy.ask('When?', 'QUEUE'))
    expect([second, third].map(({ completion }) => completion.status)).toEqual(['IN_PROGRESS', 'IN_PROGRESS'])
    expect(upstream.requests).toHaveLength(busy.sent)

    busy.finish()
    await ended(third.completion.id)
    const whole = ['What digs?', 'A mole.', 'What does it eat?', 'Worms.', 'When?', 'At night.']
    expect(await threadOf(alice, busy.conversationId)).toEqual(whole)
    const sent = upstream.requests[busy.sent + 1]?.body['messages'] as { content: string }[]
    expect(sent.map(({ content }) => content)).toEqual(whole.slice(0, -1))
    expect((await alice.completion(third.completion.id))?.context.messages.map(({ content }) => content)).toEqual(
      whole.slice(0, -1),
    )
  })

  test('can be cancelled while it waits, and is never sent', async () => {
    const busy = await busyWithQuestions()
    const waiting = await alice.ask(busy.ask('And now?', 'QUEUE'))
    const { completion } = await alice.cancel(waiting.completion.id)
    expect(completion).toMatchObject({ status: 'CANCELLED', usage: { totalTokens: 0, source: 'NONE' } })
    busy.finish()
    await busy.viewer.rest()
    await alice.ask({ conversationId: busy.conversationId, messages: [says('Still there?')] })
    expect(upstream.requests).toHaveLength(busy.sent + 1)
  })

  test('cancels the answer with INTERRUPT, which keeps what was written, and comes after it', async () => {
    const busy = await busyWithQuestions()
    upstream.reply(...chunks('Worms.'), finish('stop'), done())
    const next = await alice.ask(busy.ask('What does it eat?', 'INTERRUPT'))
    const stopped = endOf(await busy.viewer.rest())
    const kept = { content: 'A mo', status: 'PARTIAL' }
    expect(stopped).toMatchObject({ status: 'CANCELLED', choices: [{ message: kept }] })
    await upstream.requests[busy.sent - 1]?.closed
    expect(await ended(next.completion.id)).toMatchObject({ status: 'COMPLETED' })
    const thread = ['What digs?', 'A mo', 'What does it eat?', 'Worms.']
    expect(await threadOf(alice, busy.conversationId)).toEqual(thread)
    const sent = upstream.requests[busy.sent]?.body['messages'] as { content: string }[]
    expect(sent.map(({ content }) => content)).toEqual(thread.slice(0, -1))
  })

  test('is answered at once where it is not to be stored', async () => {
    const busy = await busyWithQuestions()
    const { completion } = await alice.ask({ ...busy.ask('Psst.'), store: false, background: false })
    expect(completion.status).toBe('COMPLETED')
    busy.finish()
  })

  test('may be asked in another conversation', async () => {
    const busy = await busyWithQuestions()
    expect((await alice.ask('And elsewhere?')).completion.status).toBe('COMPLETED')
    busy.finish()
  })
})

test('of eight questions at once in one conversation one is answered, and the others hear that it is busy', async () => {
  const { id: conversationId } = await alice.converse()
  const hold = gate()
  upstream.reply(hold.wait, ...chunks('A mole.'), finish('stop'), done())
  const input = { conversationId, messages: [says('What digs?')], background: true }
  const results = await Promise.allSettled(Array.from({ length: 8 }, () => alice.ask(input)))
  const refused = results.filter(({ status }) => status === 'rejected')
  expect(refused).toHaveLength(7)
  for (const result of refused) expect(String((result as PromiseRejectedResult).reason)).toContain('ConversationBusy')
  hold.open()
  const [begun] = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  await ended(begun?.completion.id ?? '')
  expect(await threadOf(alice, conversationId)).toEqual(['What digs?', 'A mole.'])
})

test('eight questions at once with QUEUE are all answered, one after the other', async () => {
  const { id: conversationId } = await alice.converse()
  const questions = Array.from({ length: 8 }, (_, index) => `Question ${index}?`)
  const input = (question: string) => ({ conversationId, messages: [says(question)], ifBusy: 'QUEUE' })
  const asked = await Promise.all(questions.map((question) => alice.ask(input(question))))
  expect(asked.map(({ completion }) => completion.status)).toEqual(Array(8).fill('COMPLETED'))
})

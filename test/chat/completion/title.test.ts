import { afterAll, describe, expect, test } from 'vitest'
import { createPerson, endOf, readTo, says } from '../../harness/person.ts'
import { startServer } from '../../harness/server.ts'
import {
  chunks,
  done,
  finish,
  gate,
  type RecordedRequest,
  refusal,
  startScriptedUpstream,
} from '../../harness/upstream.ts'

const upstream = await startScriptedUpstream()
afterAll(() => upstream.close())
const isForTitle = ({ body }: RecordedRequest) => body['model'] === 'titles'
const titleCalls = () => upstream.requests.filter(isForTitle).length

const plain = createPerson((await startServer({ OPENAI_BASE_URL: upstream.baseUrl })).url, 'alice')
const named = createPerson(
  (await startServer({ OPENAI_BASE_URL: upstream.baseUrl, TITLE_MODEL: 'titles' })).url,
  'alice',
)

/** When it has one. */
async function titleOf(person: typeof plain, id: string | undefined) {
  const read = async () => (await person.conversation(id ?? ''))?.title ?? null
  await expect.poll(read).not.toBeNull()
  return read()
}

/** The upstream's titles are these; everything else is answered with `A mole.`. */
function replyTitle(...script: Parameters<typeof upstream.reply>) {
  const answer = [...chunks('A mole.'), finish('stop'), done()]
  upstream.replyAlways((request) => (isForTitle(request) ? script : answer))
}

describe('after its first whole answer a conversation is named', () => {
  test.each([
    ['What digs?', 'What digs?'],
    ['  What\tdigs  here?\nAnd when?', 'What digs here?'],
    ['"Moles"', 'Moles'],
    [`${'molehill '.repeat(30)}`, `${'molehill '.repeat(8).trim()}…`],
    ['🐾'.repeat(200), `${'🐾'.repeat(79)}…`],
    ['a\ud83cb', 'a\ufffdb'],
  ])('by its first words: %j', async (question, title) => {
    const { conversation } = await plain.ask(question)
    expect(await titleOf(plain, conversation?.id)).toBe(title)
  })

  test('by a model, where one is set: once, and from question and answer', async () => {
    replyTitle(...chunks(' "Creatures ', 'that dig"\n\nMore.'), finish('stop'), done())
    const before = titleCalls()
    const { conversation } = await named.ask('What digs?')
    expect(await titleOf(named, conversation?.id)).toBe('Creatures that dig')
    await named.ask({ conversationId: conversation?.id, messages: [says('And when?')] })
    await named.ask('What else?').then((asked) => titleOf(named, asked.conversation?.id))
    expect(titleCalls()).toBe(before + 2)
    const { body } = upstream.requests.filter(isForTitle)[before] as RecordedRequest
    expect(body['max_tokens']).toBeLessThan(50)
    expect(JSON.stringify(body['messages'])).toMatch(/What digs\?.*A mole\./)
  })

  test.each([
    ['thinks', '<think>\nThey want a title.\n</think>\n\nCreatures that dig'],
    ['thinks without a beginning', 'They want a title.</think>Creatures that dig'],
    ['thinks in two ways', '<thinking>A title.</thinking><think>Short.</think>Creatures that dig'],
    ['fences it', '```text\nCreatures that dig\n```'],
    ['labels it', '**Title:** "Creatures that dig"'],
    ['labels it in its language', 'Titel: „Creatures that dig“'],
  ])('by a model that %s', async (_, text) => {
    replyTitle(...chunks(text), finish('stop'), done())
    const { conversation } = await named.ask('What digs?')
    expect(await titleOf(named, conversation?.id)).toBe('Creatures that dig')
  })

  test.each([
    ['thinks for longer than a title takes', [...chunks('<think>They want'), finish('length'), done()]],
    ['refuses max_tokens', [refusal(400, { param: 'max_tokens' })]],
  ])('by a model that %s', async (_, first) => {
    const person = createPerson(
      (await startServer({ OPENAI_BASE_URL: upstream.baseUrl, TITLE_MODEL: 'titles' })).url,
      'alice',
    )
    upstream.replyAlways((request) =>
      isForTitle(request) && request.body['max_tokens'] !== undefined
        ? first
        : [...chunks('Moles'), finish('stop'), done()],
    )
    const before = titleCalls()
    for (const _question of [1, 2]) {
      const { conversation } = await person.ask('What digs?')
      expect(await titleOf(person, conversation?.id)).toBe('Moles')
    }
    // What the model takes is known after the first.
    expect(titleCalls()).toBe(before + 3)
    expect(upstream.requests.filter(isForTitle).at(-1)?.body).toMatchObject({ max_completion_tokens: 1_024 })
  })

  test('by its first words, where the model fails', async () => {
    replyTitle(refusal(400))
    const { conversation } = await named.ask('What digs?')
    expect(await titleOf(named, conversation?.id)).toBe('What digs?')
  })

  test("but a person's title stays, also one that is given while the model writes", async () => {
    const hold = gate()
    replyTitle(hold.wait, ...chunks('Creatures'), finish('stop'), done())
    const before = titleCalls()
    const { id: titled } = await named.converse({ title: 'Mine' })
    await named.ask({ conversationId: titled, messages: [says('What digs?')] })
    const { conversation } = await named.ask('What digs?')
    const id = conversation?.id ?? ''
    await hold.reached
    await named.update(id, { title: 'Moles' })
    hold.open()
    await titleOf(named, (await named.ask('What else?')).conversation?.id)
    expect((await named.conversation(id))?.title).toBe('Moles')
    expect((await named.conversation(titled))?.title).toBe('Mine')
    expect(titleCalls()).toBe(before + 2)
  })
})

test('an answer that did not come whole, or is not stored, names nothing', async () => {
  replyTitle(...chunks('Creatures'), finish('stop'), done())
  const before = titleCalls()
  upstream.reply(...chunks('A mo'), gate().wait)
  const { completion, conversation } = await named.ask({ messages: [says('What digs?')], background: true })
  const viewer = named.watch(completion.id)
  await readTo('A mo', viewer)
  await named.cancel(completion.id)
  expect(endOf(await viewer.rest()).status).toBe('CANCELLED')
  await named.ask({ messages: [says('Psst.')], store: false })
  await titleOf(named, (await named.ask('What else?')).conversation?.id)
  expect((await named.conversation(conversation?.id ?? ''))?.title).toBeNull()
  expect(titleCalls()).toBe(before + 1)
})

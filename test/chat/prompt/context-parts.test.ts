import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { afterAll, describe, expect, inject, test } from 'vitest'
import { createPerson, says } from '../../harness/person.ts'
import { startServer } from '../../harness/server.ts'
import { chunks, done, finish, startScriptedUpstream } from '../../harness/upstream.ts'

const upstream = await startScriptedUpstream()
const file = join(await mkdtemp(join(inject('folder'), 'upstreams-')), 'upstreams.json')
const windows = { 'gpt-4o': 8_000, 'mole-1': null }
const entries = Object.entries(windows).map(([model, contextWindow]) => {
  return { name: model, baseUrl: upstream.baseUrl, models: [model], contextWindow }
})
await writeFile(file, JSON.stringify(entries))
const { url } = await startServer({ UPSTREAMS_FILE: file, DEFAULT_MODEL: 'gpt-4o' })
afterAll(() => upstream.close())

const alice = createPerson(url, 'alice')

const base64 = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ'.repeat(7_000)
const picture = { image: { url: `data:image/png;base64,${base64}` } }
const far = { image: { url: 'https://example.com/mole.png' } }
const sound = { audio: { data: base64, format: 'wav' } }
const document = { file: { fileData: `data:application/pdf;base64,${base64}`, filename: 'moles.pdf' } }
const question = 'What digs in the garden at night?'

const asking = (...parts: object[]) => ({ role: 'USER', parts: [{ text: question }, ...parts] })

describe('what is no text', () => {
  test.each(Object.keys(windows))('costs the same however many bytes it has, with %s', async (model) => {
    const costOf = async (...parts: object[]) => {
      return (await alice.preview({ model, messages: [asking(...parts)] })).promptTokens
    }
    const text = await costOf()
    const one = (await costOf(far)) - text
    expect(text).toBeLessThan(20)
    expect(one).toBeGreaterThan(500)
    expect(one).toBeLessThan(2_000)
    for (const part of [picture, sound, document]) expect((await costOf(part)) - text).toBe(one)
    expect((await costOf(picture, sound, document)) - text).toBe(3 * one)
  })

  test('leaves a text beside it its own cost', async () => {
    const costOf = async (message: object) => (await alice.preview({ messages: [message] })).promptTokens
    expect(await costOf(asking())).toBe(countTokens(question) + 4)
    expect(await costOf(asking())).toBe(await costOf(says(question)))
    expect((await costOf(asking(far, { text: question }))) - (await costOf(asking(far)))).toBeGreaterThan(5)
  })

  test('fits a window that has room for it', async () => {
    const { completion } = await alice.ask({ messages: [asking(picture)] })
    expect(completion).toMatchObject({ status: 'COMPLETED', context: { limit: 8_000 } })
  })

  test('stays in a history that goes by tokens', async () => {
    const { id: conversationId } = await alice.converse()
    await alice.write(conversationId, asking(picture))
    await alice.write(conversationId, says('A mole.', 'ASSISTANT'))
    const input = { conversationId, messages: [says('When?')], context: { tokenBudget: 4_000 } }
    const { completion } = await alice.ask(input)
    expect(completion.context).toMatchObject({ omittedCount: 0 })
    const sent = [{ type: 'text' }, { type: 'image_url', image_url: picture.image }]
    expect(upstream.requests.at(-1)?.body['messages']).toMatchObject([{ content: sent }, {}, {}])
  })

  test.each(Object.keys(windows))('is estimated as it was when it was sent, by %s', async (model) => {
    upstream.reply(...chunks('A mole.'), finish('stop'), done())
    const { usage, context } = (await alice.ask({ model, messages: [asking(picture, far)] })).completion
    expect(usage).toMatchObject({ source: 'ESTIMATED', promptTokens: expect.any(Number) })
    expect(Math.abs(Number(usage?.['promptTokens']) - context.promptTokens)).toBeLessThan(5)
  })
})

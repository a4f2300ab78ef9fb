import { afterAll, describe, expect, test } from 'vitest'
import { createPerson, says } from '../../harness/person.ts'
import { startServer } from '../../harness/server.ts'
import { startScriptedUpstream } from '../../harness/upstream.ts'

type Fields = Record<string, unknown>

const upstream = await startScriptedUpstream()
const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl })
afterAll(() => upstream.close())

const alice = createPerson(url, 'alice')
const letters = (count: number) => 'x'.repeat(count)
const many = <Item>(count: number, item: (index: number) => Item) => Array.from({ length: count }, (_, at) => item(at))

/** Of what stands in a message: what is given so often, or so long, and where it is refused when it is one more. */
const inMessages: [make: (count: number) => Fields, most: number, path: string][] = [
  [(count) => says(letters(count)), 1_000_000, 'content'],
  [(count) => ({ role: 'USER', parts: many(count, () => ({ text: 'x' })) }), 500, 'parts'],
  [(count) => ({ role: 'USER', parts: [{ image: { url: letters(count) } }] }), 1_000_000, 'parts.0.image.url'],
  [
    (count) => ({ role: 'USER', parts: [{ audio: { data: 'x', format: letters(count) } }] }),
    64,
    'parts.0.audio.format',
  ],
  [(count) => ({ role: 'USER', parts: [{ file: { fileId: letters(count) } }] }), 256, 'parts.0.file.fileId'],
  [
    (count) => ({ role: 'USER', parts: [{ file: { fileData: 'x', filename: letters(count) } }] }),
    256,
    'parts.0.file.filename',
  ],
  [(count) => ({ ...says('x'), name: letters(count) }), 256, 'name'],
  [
    (count) => ({ role: 'ASSISTANT', toolCalls: many(count, (id) => ({ callId: `${id}`, name: 'x', arguments: '' })) }),
    128,
    'toolCalls',
  ],
  [
    (count) => ({ role: 'ASSISTANT', toolCalls: [{ callId: letters(count), name: 'x', arguments: '' }] }),
    10_000,
    'toolCalls.0.callId',
  ],
  [
    (count) => ({ role: 'ASSISTANT', toolCalls: [{ callId: 'x', name: letters(count), arguments: '' }] }),
    256,
    'toolCalls.0.name',
  ],
  [(count) => ({ ...says('x', 'TOOL'), toolCallId: letters(count) }), 10_000, 'toolCallId'],
]

const inQuestions: [make: (count: number) => Fields, most: number, path: string][] = [
  [(count) => ({ messages: many(count, () => says('x')) }), 2_048, 'messages'],
  [(count) => ({ tools: many(count, (index) => ({ name: `tool${index}` })) }), 128, 'tools'],
  [(count) => ({ tools: [{ name: 'tool', description: letters(count) }] }), 10_000, 'tools.0.description'],
  [(count) => ({ stop: [letters(count)] }), 1_000, 'stop.0'],
  [(count) => ({ logitBias: many(count, (token) => ({ token, bias: 0 })) }), 1_024, 'logitBias'],
  [(count) => ({ model: letters(count) }), 256, 'model'],
  [(count) => ({ user: letters(count) }), 512, 'user'],
  [(count) => ({ serviceTier: letters(count) }), 64, 'serviceTier'],
  [
    (count) => ({ responseFormat: { jsonSchema: { name: letters(count), schema: {} } } }),
    64,
    'responseFormat.jsonSchema.name',
  ],
  [
    (count) => ({ responseFormat: { jsonSchema: { name: 'x', description: letters(count), schema: {} } } }),
    10_000,
    'responseFormat.jsonSchema.description',
  ],
]

const inConversations: [make: (count: number) => Fields, most: number, path: string][] = [
  [(count) => ({ title: letters(count) }), 1_000, 'input.title'],
  [(count) => ({ systemPrompt: letters(count) }), 100_000, 'input.systemPrompt'],
  [(count) => ({ defaults: { model: letters(count) } }), 256, 'input.defaults.model'],
]

const named = <Row extends [unknown, number, string]>(rows: Row[]) => rows.map((row) => [row[2], row] as const)

describe('a list has a cap and a text a length', () => {
  test.each(named(inMessages))('%s of a message', async (_, [make, most, path]) => {
    const { id } = await alice.converse()
    const refusal = { __typename: 'InvalidInput', path: `input.message.${path}` }
    expect(await alice.write.refuse(id, make(most + 1))).toMatchObject(refusal)
    const asked = await alice.ask.refuse({ conversationId: id, messages: [says('x'), make(most + 1)] })
    expect(asked).toMatchObject({ __typename: 'InvalidInput', path: `input.messages.1.${path}` })
    expect(asked.message).toContain(`takes up to ${most}`)
    await alice.write(id, make(most))
    expect((await alice.messages(id)).edges).toHaveLength(1)
  })

  test.each(named(inQuestions))('%s of a question', async (_, [make, most, path]) => {
    const question = { messages: [says('x')], store: false }
    const sent = upstream.requests.length
    const refusal = await alice.ask.refuse({ ...question, ...make(most + 1) })
    expect(refusal).toMatchObject({ __typename: 'InvalidInput', path: `input.${path}` })
    expect(refusal.message).toMatch(new RegExp(`takes (up to|1 to) ${most}`))
    expect(upstream.requests).toHaveLength(sent)
    expect((await alice.ask({ ...question, ...make(most) })).completion.status).toBe('COMPLETED')
  })

  test.each(named(inConversations))('%s of a conversation', async (_, [make, most, path]) => {
    const refusal = { __typename: 'InvalidInput', path }
    expect(await alice.converse.refuse(make(most + 1))).toMatchObject(refusal)
    const conversation = await alice.converse(make(most))
    expect(await alice.update.refuse(conversation.id, make(most + 1))).toMatchObject(refusal)
    expect(await alice.conversation(conversation.id)).toEqual(conversation)
  })

  test('the title to look for', async () => {
    await expect(alice.conversations({ filter: { titleContains: letters(1_001) } })).rejects.toThrow('titleContains')
    expect((await alice.conversations({ filter: { titleContains: letters(1_000) } })).edges.length).toBeLessThan(2)
  })
})

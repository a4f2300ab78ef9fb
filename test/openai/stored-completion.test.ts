import OpenAI from 'openai'
import { afterAll, describe, expect, test } from 'vitest'
import { make } from '../harness/api-keys.ts'
import { user } from '../harness/openai.ts'
import { createPerson } from '../harness/person.ts'
import { startServer } from '../harness/server.ts'
import { startScriptedUpstream } from '../harness/upstream.ts'

const upstream = await startScriptedUpstream()
const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl })
afterAll(() => upstream.close())
let people = 0

/** The clients hide some fields of a page. */
const bodyOf = (page: object) => (page as { body?: object }).body

const isNew = Number(process.versions.node.split('.')[0]) >= 22
const newest = isNew ? ((await import('openai-7')).default as unknown as typeof OpenAI) : null

describe.each(Object.entries({ openai: OpenAI, ...(newest !== null && { 'openai-7': newest }) }))(
  '%s',
  (name, Client) => {
    /** A test has a user of its own, since a list has everything that somebody has requested. */
    async function start() {
      const person = createPerson(url, `${name}-${people++}`)
      const client = new Client({ apiKey: (await make(person)).secret, baseURL: `${url}/v1`, maxRetries: 0 })
      const { completions } = client.chat
      const ask = (content: string, more: object = {}) =>
        completions.create({ model: 'test-model', messages: [user(content) as never], store: true, ...more })
      return { completions, ask }
    }

    test('retrieves, changes and deletes what it stored', async () => {
      const { completions, ask } = await start()
      const metadata = { team: 'red', run: '1' }
      const tools = [{ type: 'function', function: { name: 'look' } }]
      const asked = await ask('Who digs?', { metadata, temperature: 0.5, tools })

      const stored = await completions.retrieve(asked.id)
      expect(stored).toEqual({
        ...asked,
        metadata,
        request_id: 'req-test',
        temperature: 0.5,
        ...{ top_p: null, presence_penalty: null, frequency_penalty: null, seed: null },
        tools,
        ...{ tool_choice: null, response_format: null },
      })
      const updated = await completions.update(asked.id, { metadata: { team: 'blue' } })
      expect(updated).toEqual({ ...stored, metadata: { team: 'blue' } })
      expect(await completions.retrieve(asked.id)).toEqual(updated)
      expect(await completions.update(asked.id, { metadata: null })).toEqual({ ...stored, metadata: {} })

      expect(await completions.delete(asked.id)).toEqual({
        id: asked.id,
        object: 'chat.completion.deleted',
        deleted: true,
      })
      const gone = { status: 404, code: 'not_found', type: 'invalid_request_error' }
      await expect(completions.retrieve(asked.id)).rejects.toMatchObject(gone)
      await expect(completions.update(asked.id, { metadata })).rejects.toMatchObject(gone)
      await expect(completions.delete(asked.id)).rejects.toMatchObject(gone)
      await expect(completions.messages.list(asked.id)).rejects.toMatchObject(gone)
    })

    test('lists what it stored, page by page and by its filters', async () => {
      const { completions, ask } = await start()
      const asked: string[] = []
      for (const run of ['0', '1', '2', '3', '4']) {
        const { id } = await ask(`Question ${run}`, { metadata: { run, team: run < '3' ? 'red' : 'blue' } })
        asked.push(id)
      }
      await ask('What is not stored', { store: false, metadata: { team: 'red' } })

      async function idsOf(query: object) {
        const found: string[] = []
        for await (const { id } of completions.list(query)) found.push(id)
        return found
      }
      expect(await idsOf({})).toEqual(asked)
      expect(await idsOf({ limit: 2 })).toEqual(asked)
      expect(await idsOf({ limit: 2, order: 'desc' })).toEqual(asked.toReversed())
      expect(await idsOf({ after: asked[3] })).toEqual(asked.slice(4))
      expect(await idsOf({ metadata: { team: 'red' } })).toEqual(asked.slice(0, 3))
      expect(await idsOf({ metadata: { team: 'red', run: '1' }, limit: 1 })).toEqual([asked[1]])
      expect(await idsOf({ metadata: { team: 'green' } })).toEqual([])
      expect(await idsOf({ model: 'test-model' })).toEqual(asked)
      expect(await idsOf({ model: 'another' })).toEqual([])

      const page = await completions.list({ limit: 2 })
      expect(bodyOf(page)).toMatchObject({ object: 'list', first_id: asked[0], last_id: asked[1], has_more: true })
      expect(page.data[0]).toEqual(await completions.retrieve(asked[0] ?? ''))
      await completions.delete(asked[1] ?? '')
      expect(await idsOf({ after: asked[1] })).toEqual(asked.slice(2))
    })

    test('lists the messages that were sent, and not the answer', async () => {
      const { completions, ask } = await start()
      const picture = { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==', detail: 'low' } }
      const call = { id: 'c1', type: 'function', function: { name: 'look', arguments: '{}' } }
      const messages = [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', name: 'Zoe', content: [{ type: 'text', text: 'What is it?' }, picture] },
        { role: 'assistant', content: null, tool_calls: [call] },
        { role: 'tool', tool_call_id: 'c1', content: 'A mole' },
      ]
      const { id } = await ask('', { messages })
      const found = []
      for await (const message of completions.messages.list(id, { limit: 3 })) found.push(message)
      const [system, question, calling, result] = found.map(({ id: _id, ...message }) => message)
      expect(system).toEqual({ ...messages[0], name: null, content_parts: null })
      expect(question).toEqual({ ...messages[1], content: null, content_parts: messages[1]?.content })
      expect(calling).toEqual({ ...messages[2], name: null, content_parts: null })
      expect(result).toEqual({ ...messages[3], name: null, content_parts: null })
      expect(found.length).toBe(4)

      const newestFirst = await completions.messages.list(id, { order: 'desc', limit: 1 })
      expect(newestFirst.data).toEqual([found[3]])
      expect(bodyOf(newestFirst)).toMatchObject({ first_id: found[3]?.id, last_id: found[3]?.id, has_more: true })
      const rest = await completions.messages.list(id, { after: found[2]?.id ?? '' })
      expect(rest.data).toEqual([found[3]])
      expect(rest.has_more).toBe(false)
    })
  },
)

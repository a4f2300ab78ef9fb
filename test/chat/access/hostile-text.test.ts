import { afterAll, expect, test } from 'vitest'
import { schema } from '../../../src/schema/schema.ts'
import { says } from '../../harness/person.ts'
import { startServer } from '../../harness/server.ts'
import { startScriptedUpstream } from '../../harness/upstream.ts'
import { ownAt } from '../../isolation/attempt.ts'
import { operationAt } from '../../isolation/document.ts'
import { visit } from '../../isolation/door.ts'
import { placesIn } from '../../isolation/place.ts'
import { furnish, signingSecret, somebody } from '../../isolation/world.ts'

const upstream = await startScriptedUpstream()
afterAll(() => upstream.close())
const { url } = await startServer({
  OPENAI_BASE_URL: upstream.baseUrl,
  AUTH_JWT_SECRET: signingSecret,
  LIMIT_REQUESTS_PER_MINUTE: '1000000',
})
const alice = await somebody(url, 'alice')
const own = await furnish(upstream, { owner: alice, comer: await somebody(url, 'dora') })
const { id: spareId } = await alice.converse()

const hostile = ['\0', 'a\0b', '\ud800', 'a\udc00b']
const { places } = placesIn(schema)

/** What some of them need beside them, or are refused before anything reads them. */
function beside(path: string): [string, string][] {
  const role = path.endsWith('.toolCallId') ? 'TOOL' : 'ASSISTANT'
  const message = /^(.*)\.toolCall(?:Id|s\.\w+)$/.exec(path)?.[1]
  return message === undefined ? [] : [[`${message}.role`, role]]
}

// An object, where a field takes nothing else.
const given = (path: string, text: string) => (path.endsWith('.extraBody') ? { [text]: text } : text)

test.each(places.filter(({ texts }) => texts.length > 0))(
  'no text given to $name is too much for it',
  async (place) => {
    const { doors, leave } = await visit(url, alice.authorization)
    const ask = place.operation === 'subscription' ? doors.WebSocket : doors.POST
    const failed: string[] = []
    for (const path of place.texts) {
      for (const text of hostile) {
        const values = new Map<string, unknown>([...beside(path), [path, given(path, text)]])
        const answer = await ask(operationAt(schema, place, values, ownAt(place, own)))
        if (answer.includes('INTERNAL_SERVER_ERROR')) failed.push(`${path}: ${JSON.stringify(text)}: ${answer}`)
      }
    }
    leave()
    expect(failed).toEqual([])
  },
)

test.each(hostile)('%j is no idempotency key, since another could become the same', async (text) => {
  const path = expect.stringContaining('idempotencyKey')
  const refused = { __typename: 'InvalidInput', path }
  expect(await alice.ask.refuse({ messages: [says('x')], idempotencyKey: text })).toMatchObject(refused)
  expect(await alice.write.refuse(spareId, 'x', { idempotencyKey: text })).toMatchObject(refused)
  const [rejected] = await alice.start(text, 'x').rest()
  expect(rejected).toMatchObject({ __typename: 'CompletionRejected', error: refused })
})

import { expect, test } from 'vitest'
import { subscribe } from '../../harness/client.ts'
import { says } from '../../harness/person.ts'
import { startServer } from '../../harness/server.ts'

const { url } = await startServer()

const document = `subscription (
  $key: String!, $asked: [MessageInput!]!, $mode: StreamMode = SNAPSHOT, $schema: JSON, $brief: Boolean!, $count: Int = 1
) {
  completionStream(input: { start: {
    idempotencyKey: $key, mode: $mode
    completion: { maxTokens: 3, messages: $asked, tools: [{ name: "dig", parameters: $schema }] }
  } }) {
    __typename
    ... on CompletionSnapshot { choices { index finishReason @skip(if: $brief) } }
    ... on CompletionEnded { completion { parameters conversation { messages(last: $count) { edges { node { role } } } } } }
  }
}`

interface Event {
  __typename: string
  choices?: object[]
}

async function eventsWith(variables: object): Promise<Event[]> {
  const given = { key: crypto.randomUUID(), asked: [says('Dig!')], brief: true, ...variables }
  const results = await subscribe<{ completionStream: Event }>(url, document, given).rest()
  return results.map(({ completionStream }) => completionStream)
}

test('the variables of a subscription hold for each of its events, given or by default', async () => {
  const schema = { type: 'object', properties: { deep: { enum: [null, 1] } } }
  const events = await eventsWith({ schema })
  expect(new Set(events.slice(0, -1).map((event) => event.__typename))).toEqual(new Set(['CompletionSnapshot']))
  for (const choice of events.flatMap(({ choices = [] }) => choices)) expect(Object.keys(choice)).toEqual(['index'])
  expect(events.at(-1)).toMatchObject({
    completion: {
      parameters: { tools: [{ function: { parameters: schema } }] },
      conversation: { messages: { edges: [{ node: { role: 'ASSISTANT' } }] } },
    },
  })

  const others = await eventsWith({ mode: 'DELTA', brief: false, schema: null, count: 2 })
  expect(others.map((event) => event.__typename)).toContain('CompletionDelta')
  expect(others.at(-1)).toMatchObject({
    completion: {
      conversation: { messages: { edges: [{ node: { role: 'USER' } }, { node: { role: 'ASSISTANT' } }] } },
    },
  })
})

test('a variable of a subscription that does not fit its type is the only answer', async () => {
  const results = subscribe(url, document, { key: 'k', asked: [says('Dig!')], brief: true, mode: 'SLOWLY' })
  await expect(results.next()).rejects.toThrow(/"\$mode" got invalid value "SLOWLY"/)
})

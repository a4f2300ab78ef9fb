import pg from 'pg'
import { growConversation } from '../../harness/long-conversation.ts'
import { createPerson, type Person, says } from '../../harness/person.ts'
import type { HeavyGround, HeavyWork } from './work.ts'

const content = 'A mole digs under the meadow all night, and eats what worms it finds. '.repeat(3)
// Beside the embedded database nobody can write behind the server's back.
const embeddedMessages = 10_000
const storedMessages = 100_000
const messagesAtOnce = 2_000
const maxMs = 300

/** Asked by its last messages, and refused where all of it is wanted and does not fit. */
export const longConversation: HeavyWork = {
  name: 'a conversation of 100,000 messages',
  async prepare(ground) {
    const alice = createPerson(ground.server.url, 'alice')
    const { id: conversationId } = await alice.converse({ defaults: { model: 'gpt-4o' } })
    await grow(ground, alice, conversationId)
    // The encoding is loaded with the first.
    await alice.preview({ conversationId, messages: [says('When?')], context: { tokenBudget: 100 } })
    return async () => {
      for (let round = 0; round < 5; round++) {
        for (const context of [{ tokenBudget: 8_000 }, { lastN: 50 }]) await ask(ground, alice, conversationId, context)
        const input = { conversationId, messages: [says('When?')], context: { full: true } }
        const { __typename } = await alice.ask.refuse(input)
        if (__typename !== 'ContextTooLong') ground.faults.push(`all of a long conversation: ${__typename}`)
      }
    }
  },
}

async function ask({ faults }: HeavyGround, alice: Person, conversationId: string, context: object): Promise<void> {
  const startMs = performance.now()
  const { completion } = await alice.ask({ conversationId, messages: [says('When?')], context })
  const tookMs = Math.round(performance.now() - startMs)
  if (completion.status !== 'COMPLETED') faults.push(`a long conversation was answered ${completion.status}`)
  if (tookMs > maxMs) faults.push(`a long conversation with ${JSON.stringify(context)} took ${tookMs} ms`)
}

async function grow({ database }: HeavyGround, alice: Person, conversationId: string): Promise<void> {
  if (database['DATABASE_URL'] === undefined) {
    for (let count = 0; count <= embeddedMessages; count += messagesAtOnce) {
      const messages = Array.from({ length: messagesAtOnce }, () => says(content))
      await alice.ask({ conversationId, messages, context: { lastN: 1 } })
    }
    return
  }
  const client = new pg.Client(database['DATABASE_URL'])
  await client.connect()
  try {
    const growth = { conversationId, count: storedMessages, content }
    await growConversation((text, values) => client.query(text, values), growth)
  } finally {
    await client.end()
  }
}

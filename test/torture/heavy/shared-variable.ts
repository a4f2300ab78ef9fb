import { execute } from '../../harness/client.ts'
import { createPerson } from '../../harness/person.ts'
import { codesIn } from './refusal.ts'
import type { HeavyWork } from './work.ts'

const aliases = 100

/** One variable that is written by many mutations of one operation. */
export const sharedVariable: HeavyWork = {
  name: `${aliases} aliases of createMessage that share a variable of 1 MB`,
  async prepare({ server, faults }) {
    const { id } = await createPerson(server.url, 'alice').converse()
    const writes = Array.from(
      { length: aliases },
      (_, index) => `m${index}: createMessage(input: { conversationId: $id, message: $message }) { __typename }`,
    )
    const document = `mutation ($id: ID!, $message: MessageInput!) { ${writes.join('\n')} }`
    const message = { role: 'USER', content: 'x'.repeat(1_000_000) }
    return async () => {
      for (let count = 0; count < 10; count++) {
        const result = await execute(server.url, document, { id, message }, { as: 'alice' })
        if (result.data !== undefined) faults.push(`a variable that is shared was written: ${codesIn(result)}`)
      }
    }
  },
}

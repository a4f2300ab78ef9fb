import { createPerson, says } from '../../harness/person.ts'
import type { HeavyWork } from './work.ts'

const askedAtOnce = 3

/** Inputs of more messages than a question may have, and of as many as it may, some at once. */
export const manyMessages: HeavyWork = {
  name: `inputs of 10,000 messages, and of 2,048, ${askedAtOnce} at once`,
  async prepare({ server, faults }) {
    const people = Array.from({ length: askedAtOnce }, (_, index) => createPerson(server.url, `person-${index}`))
    const messages = (count: number) => Array.from({ length: count }, () => says('What digs?'))
    return async () => {
      await Promise.all(
        people.map(async (person) => {
          const refusal = await person.ask.refuse({ messages: messages(10_000) })
          if (refusal.__typename !== 'InvalidInput') faults.push(`10,000 messages: ${refusal.__typename}`)
          const { completion } = await person.ask({ messages: messages(2_048) })
          if (completion.status !== 'COMPLETED') faults.push(`2,048 messages: ${completion.status}`)
        }),
      )
    }
  },
}

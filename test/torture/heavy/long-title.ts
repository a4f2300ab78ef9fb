import { createPerson } from '../../harness/person.ts'
import type { HeavyWork } from './work.ts'

/** A first question from which no title can be cut cheaply by a pattern that backtracks. */
export const longTitle: HeavyWork = {
  name: 'a first question of 100,000 asterisks',
  async prepare({ server, faults }) {
    return async () => {
      const { completion } = await createPerson(server.url, 'alice').ask(`x${'*'.repeat(100_000)}x`)
      if (completion.status !== 'COMPLETED') faults.push(`the long first question ended ${completion.status}`)
    }
  },
}

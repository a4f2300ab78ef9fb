import { createPerson } from '../../harness/person.ts'
import { prose } from './prose.ts'
import type { HeavyWork } from './work.ts'

const questions = 20
const length = 900_000

/** Each is read, checked, hashed, counted, stored and sent. */
export const bigQuestions: HeavyWork = {
  name: `${questions} questions of ${length / 1_000} KB at once`,
  async prepare({ server, faults }) {
    const alice = createPerson(server.url, 'alice')
    return async () => {
      const asked = await Promise.all(
        Array.from({ length: questions }, () => alice.ask({ model: 'gpt-4o', messages: [prose(length)] })),
      )
      for (const { completion } of asked) {
        if (completion.status !== 'COMPLETED') faults.push(`a long question ended ${completion.status}`)
      }
    }
  },
}

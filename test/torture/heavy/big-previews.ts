import { createPerson } from '../../harness/person.ts'
import { prose } from './prose.ts'
import type { HeavyWork } from './work.ts'

const previews = 30
const length = 750_000

/** Each is counted to the token. */
export const bigPreviews: HeavyWork = {
  name: `${previews} previews of ${length / 1_000} KB at once`,
  async prepare({ server, faults }) {
    const alice = createPerson(server.url, 'alice')
    return async () => {
      const reports = await Promise.all(
        Array.from({ length: previews }, () => alice.preview({ model: 'gpt-4o', messages: [prose(length)] })),
      )
      for (const { promptTokens } of reports) {
        if (promptTokens < length / 10) faults.push(`a long preview counted ${promptTokens} tokens`)
      }
    }
  },
}

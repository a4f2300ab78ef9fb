import { join } from 'node:path'
import { createPerson } from '../../harness/person.ts'
import type { HeavyWork } from './work.ts'

/** A model whose name nearly fits a pattern of several stars, in very many ways. */
export const modelPattern: HeavyWork = {
  name: 'a model name of 120,000 characters beside the pattern *gpt*mini*',
  settings: { UPSTREAMS_FILE: join(import.meta.dirname, 'patterned-upstreams.json'), OPENAI_BASE_URL: '' },
  async prepare({ server, faults }) {
    const person = createPerson(server.url, 'alice')
    return async () => {
      const asked = person.ask({ model: 'gpt'.repeat(40_000), messages: [{ role: 'USER', content: 'What digs?' }] })
      await asked.then(
        ({ completion }) => completion.status === 'FAILED' || faults.push(`the long model name: ${completion.status}`),
        // Also refused before an upstream is looked for, it has cost nobody anything.
        () => {},
      )
    }
  },
}

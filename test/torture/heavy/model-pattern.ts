import { join } from 'node:path'
import { createPerson } from '../../harness/person.ts'
import type { HeavyWork } from './work.ts'

const questions = 100

/** Models with the longest names that are taken, which nearly match a pattern of several stars in very many ways. */
export const modelPattern: HeavyWork = {
  name: `${questions} long model names beside the pattern *gpt*mini*`,
  settings: {
    UPSTREAMS_FILE: join(import.meta.dirname, 'patterned-upstreams.json'),
    OPENAI_BASE_URL: '',
    DEFAULT_MODEL: 'gpt-mini',
  },
  async prepare({ server, faults }) {
    const person = createPerson(server.url, 'alice')
    return async () => {
      const input = { model: 'gpt'.repeat(85), messages: [{ role: 'USER', content: 'What digs?' }] }
      for (let count = 0; count < questions; count++) {
        const { __typename } = await person.ask.refuse(input)
        if (__typename !== 'UpstreamError') faults.push(`a model name that matches no pattern: ${__typename}`)
      }
    }
  },
}

import { execute } from '../../harness/client.ts'
import { codesIn } from './refusal.ts'
import type { HeavyWork } from './work.ts'

const references = 2_300

/** One variable that stands in one JSON value over and over. */
export const jsonVariables: HeavyWork = {
  name: `${references} references to a variable of 0.8 MB in extraBody`,
  async prepare({ server, faults }) {
    const document = `query ($v: String) {
      contextPreview(input: { messages: [{ role: USER, content: "x" }], extraBody: { a: [${'$v '.repeat(references)}] } }) { __typename }
    }`
    return async () => {
      for (let count = 0; count < 10; count++) {
        const result = await execute(server.url, document, { v: 'x'.repeat(800_000) }, { as: 'alice' })
        if (codesIn(result) !== 'REQUEST_TOO_LARGE') faults.push(`a variable used over and over: ${codesIn(result)}`)
      }
    }
  },
}

import { createPerson } from '../../harness/person.ts'
import type { Question } from '../script.ts'
import type { HeavyWork } from './work.ts'

const question: Question = { id: 'endless', seed: 'endless', pieces: 1, paceMs: 0, isEndless: true }

/** An upstream that says as much as is taken, and never stops. */
export const endlessUpstream: HeavyWork = {
  name: 'an upstream that never stops',
  async prepare({ server, model, faults }) {
    return async () => {
      const refusal = await createPerson(server.url, 'alice').ask.refuse(JSON.stringify(question))
      if (refusal.__typename !== 'UpstreamError') faults.push(`an endless answer: ${refusal.__typename}`)
      await model.closed(question.id)
    }
  },
}

import { createPerson } from '../harness/person.ts'
import type { Question } from './script.ts'
import { questionInput } from './viewer.ts'

/** Asks, and leaves. Resolves to the completion's id. */
export async function begin(url: string, name: string, question: Question): Promise<string> {
  const events = createPerson(url, name).start(question.id, questionInput(question))
  const first = await events.next()
  events.drop()
  if (first.done || first.value.__typename === 'CompletionRejected') {
    throw new Error(`${question.id} was not begun: ${JSON.stringify(first.value)}`)
  }
  return first.value.completionId
}

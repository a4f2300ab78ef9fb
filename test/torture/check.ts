import type { Completion } from '../harness/completion-documents.ts'
import { createPerson } from '../harness/person.ts'
import type { Ground } from './ground.ts'
import { type Question, scriptOf } from './script.ts'
import { differenceOf, strayIn, textOf } from './text.ts'

/** A question, and those who watch its answer. */
export interface Asked {
  name: string
  question: Question
  /** Each resolves at its end; null where it gave up, which is a fault that was told. */
  ends: Promise<(Completion | null)[]>
}

/** Each answer, as every server has it now: ended, with the text that its viewers saw, for one upstream call. */
export async function checkAnswers(
  { model, faults }: Ground,
  asked: readonly Asked[],
  servers: readonly { url: string }[],
): Promise<{ ends: Completion[]; calls: number }> {
  const all: Completion[] = []
  let calls = 0
  for (const { name, question, ends } of asked) {
    const [end] = (await ends).filter((completion) => completion !== null)
    const made = model.callsOf(question.id)
    calls += made
    if (made > 1 || (made === 0 && end?.status === 'COMPLETED')) faults.push(`${question.id}: ${made} upstream calls`)
    if (end === undefined) continue
    all.push(end)
    checkText(end, question, faults)
    for (const { url } of servers) await checkStored(url, name, end, faults)
  }
  return { ends: all, calls }
}

function checkText(end: Completion, question: Question, faults: string[]) {
  const { text } = scriptOf(question)
  const isWhole = end.status === 'COMPLETED'
  if (end.status === 'FAILED') faults.push(`${question.id}: FAILED with ${JSON.stringify(end.error)}`)
  const difference = isWhole ? differenceOf(textOf(end), text) : strayIn(textOf(end), text)
  if (difference !== null) faults.push(`${question.id}: ${end.status}, but ${difference}`)
}

async function checkStored(url: string, name: string, end: Completion, faults: string[]) {
  const stored = await createPerson(url, name).completion(end.id)
  if (stored === null) return faults.push(`${end.id} is not there`)
  if (stored.status !== end.status) faults.push(`${end.id} is ${stored.status}, and was ${end.status} to its viewers`)
  const difference = differenceOf(textOf(end), textOf(stored))
  if (difference !== null) faults.push(`${end.id}: what its viewers saw is not stored: ${difference}`)
  return undefined
}

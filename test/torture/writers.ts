import { setTimeout as delay } from 'node:timers/promises'
import { createPerson, type Person } from '../harness/person.ts'
import { createDice, type Dice } from './dice.ts'
import { type Ground, newDatabase, onGround, type Report, type Torture } from './ground.ts'
import type { Question } from './script.ts'
import { questionInput } from './viewer.ts'

export interface WriterSizes {
  races: number
}

type Kind = 'message' | 'QUEUE' | 'REJECT'

/** Something that is written, by one of two people. */
interface Attempt {
  writer: Person
  kind: Kind
  question: Question
  /** False where it was refused, since another answer is being written. */
  isWritten: boolean
}

const pairings: [Kind, Kind][] = [
  ['message', 'message'],
  ['QUEUE', 'QUEUE'],
  ['REJECT', 'REJECT'],
  ['message', 'QUEUE'],
  ['message', 'REJECT'],
  ['QUEUE', 'REJECT'],
]
const racesPerConversation = 8

/** Two people at two servers write in one conversation at the same moment, and neither says after what. */
export function raceWriters(torture: Torture, { races }: WriterSizes): Promise<Report> {
  return onGround(torture, async (ground) => {
    const settings = await newDatabase(ground)
    const servers = [await ground.start(settings), await ground.start(settings)]
    const people = servers.map(({ url }, index) => createPerson(url, `writer-${index}`)) as [Person, Person]
    const dice = createDice(`${ground.seed} writers`)
    let conversationId = ''
    let refused = 0
    let calls = 0
    for (let number = 0; number < races; number++) {
      if (number % racesPerConversation === 0) conversationId = await sharedConversation(people)
      const attempts = await race(ground, dice, people, conversationId, number)
      refused += attempts.filter(({ isWritten }) => !isWritten).length
      for (const { question } of attempts) calls += ground.model.callsOf(question.id)
    }
    return `writers: ${races} races, ${refused} were told that it is busy, ${calls} upstream calls`
  })
}

async function sharedConversation([owner, editor]: [Person, Person]): Promise<string> {
  const { id } = await owner.converse()
  const { viewer } = await editor.request<{ viewer: { id: string } }>('{ viewer { id } }')
  await owner.add(id, viewer.id, 'EDITOR')
  return id
}

async function race(ground: Ground, dice: Dice, people: [Person, Person], conversationId: string, number: number) {
  const before = await pathOf(people[0], conversationId)
  const kinds = dice.pick(pairings)
  const ordered = dice.chance(0.5) ? people : ([people[1], people[0]] as const)
  const attempts = ordered.map((writer, index): Attempt => {
    const question = { id: `race-${number}-${index}`, seed: ground.seed, pieces: dice.whole(1, 4), paceMs: 2 }
    return { writer, kind: kinds[index] ?? 'message', question, isWritten: true }
  })
  const waits = attempts.map(() => dice.whole(0, 3))
  await Promise.all(attempts.map((attempt, index) => write(attempt, conversationId, waits[index] ?? 0)))
  await check(ground, people, conversationId, before, attempts)
  return attempts
}

async function write(attempt: Attempt, conversationId: string, waitMs: number) {
  const { writer, kind, question } = attempt
  await delay(waitMs)
  try {
    if (kind === 'message') await writer.write(conversationId, JSON.stringify(question))
    else await writer.ask({ ...questionInput(question), conversationId, ifBusy: kind })
  } catch (error) {
    if (!String(error).includes('ConversationBusy')) throw error
    attempt.isWritten = false
  }
}

interface Line {
  id: string
  content: string | null
  completionId: string | null
}

async function pathOf(reader: Person, conversationId: string): Promise<Line[]> {
  const { edges } = await reader.messages(conversationId, { last: 100 })
  return edges.map(({ node }) => ({ id: node.id, content: node.content, completionId: node.completion?.id ?? null }))
}

async function check(
  ground: Ground,
  people: [Person, Person],
  conversationId: string,
  before: Line[],
  attempts: Attempt[],
) {
  const { faults } = ground
  const [lines, other] = await Promise.all([pathOf(people[0], conversationId), pathOf(people[1], conversationId)])
  const name = attempts.map(({ kind, question }) => `${question.id} ${kind}`).join(' and ')
  if (JSON.stringify(lines) !== JSON.stringify(other)) faults.push(`${name}: two paths`)
  if (JSON.stringify(lines.slice(0, before.length)) !== JSON.stringify(before)) faults.push(`${name}: another past`)
  if (attempts.every(({ isWritten }) => !isWritten)) faults.push(`${name}: both were refused`)
  for (const attempt of attempts) checkWritten(ground, attempt, lines)
  const expected = attempts.reduce((sum, attempt) => sum + lengthOf(attempt), before.length)
  if (lines.length !== expected) faults.push(`${name}: ${lines.length} messages, not ${expected}`)
  for (const [place, { completionId }] of lines.entries()) {
    if (completionId !== null && place >= before.length) await checkSent(people[0], completionId, lines, place, faults)
  }
}

/** A question has its answer after it. */
function lengthOf({ kind, isWritten }: Attempt): number {
  if (!isWritten) return 0
  return kind === 'message' ? 1 : 2
}

function checkWritten({ model, faults }: Ground, attempt: Attempt, lines: Line[]) {
  const { kind, question, isWritten } = attempt
  const found = lines.filter(({ content }) => content === JSON.stringify(question)).length
  if (found !== (isWritten ? 1 : 0)) faults.push(`${question.id}, ${kind}, stands there ${found} times`)
  const calls = model.callsOf(question.id)
  if (calls !== Math.max(0, lengthOf(attempt) - 1)) faults.push(`${question.id}, ${kind}: ${calls} calls`)
}

/** All that stands above an answer was sent for it, but for calls of tools that nobody has answered. */
async function checkSent(reader: Person, completionId: string, lines: Line[], place: number, faults: string[]) {
  const completion = await reader.completion(completionId)
  const above = lines.slice(0, place).flatMap(({ id, content }) => (content === null ? [] : id))
  const calls = lines.slice(0, place).flatMap(({ id, content }) => (content === null ? id : []))
  const sent = completion?.context.messages.flatMap(({ id }) => (calls.includes(id) ? [] : id))
  if (completion?.status !== 'COMPLETED') faults.push(`${completionId} is ${completion?.status}`)
  if (JSON.stringify(sent) !== JSON.stringify(above)) faults.push(`${completionId}: not all that stands above was sent`)
}

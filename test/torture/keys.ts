import { createPerson } from '../harness/person.ts'
import { createDice, type Dice } from './dice.ts'
import { type Ground, newDatabase, onGround, type Report, type Torture } from './ground.ts'
import { isLoss } from './loss.ts'
import type { Question } from './script.ts'
import { questionInput } from './viewer.ts'

export interface KeySizes {
  keys: number
  racers: number
}

const atOnce = 10

/** The same key at the same time by several ways, to both servers. */
export function raceKeys(torture: Torture, { keys, racers }: KeySizes): Promise<Report> {
  return onGround(torture, async (ground) => {
    const settings = await newDatabase(ground)
    const servers = [await ground.start(settings), await ground.start(settings)]
    const dice = createDice(`${ground.seed} keys`)
    const names = Array.from({ length: keys }, (_, index) => `key-${index}`)
    let calls = 0
    while (names.length > 0) {
      const racing = names.splice(0, atOnce).map((key) => race(ground, key, racers, dice, () => dice.pick(servers).url))
      for (const count of await Promise.all(racing)) calls += count
    }
    return `keys: ${keys} keys raced ${racers} ways, ${calls} upstream calls`
  })
}

async function race(
  { model, faults, seed }: Ground,
  key: string,
  racers: number,
  dice: Dice,
  route: () => string,
): Promise<number> {
  const question: Question = { id: key, seed, pieces: dice.whole(1, 6), paceMs: 2 }
  const runs = Array.from({ length: racers }, () => askUntilAnswered(route, key, question, dice))
  const results = await Promise.allSettled(runs)
  const ids = new Set(results.map((result) => (result.status === 'fulfilled' ? result.value : String(result.reason))))
  if (ids.size !== 1) faults.push(`${key} gave ${[...ids]}`)
  const calls = model.callsOf(key)
  if (calls !== 1) faults.push(`${key}: ${calls} upstream calls`)
  await expectConflict(route(), key, { ...question, pieces: 7 }, dice.chance(0.5), faults)
  return calls
}

/** The id of the completion, when it has ended. A server that is too busy says so, and is asked again. */
async function askUntilAnswered(route: () => string, key: string, question: Question, dice: Dice): Promise<string> {
  for (;;) {
    try {
      return await askOnce(route(), key, question, dice.chance(0.5))
    } catch (error) {
      if (!isLoss(error)) throw error
    }
  }
}

async function askOnce(url: string, key: string, question: Question, streams: boolean): Promise<string> {
  const person = createPerson(url, 'racer')
  if (!streams) return (await person.ask({ ...questionInput(question), idempotencyKey: key })).completion.id
  const events = await person.start(key, questionInput(question)).rest()
  const last = events.at(-1)
  if (last?.__typename !== 'CompletionEnded') throw new Error(`the stream ended with ${JSON.stringify(last)}`)
  return last.completionId
}

async function expectConflict(url: string, key: string, question: Question, streams: boolean, faults: string[]) {
  const person = createPerson(url, 'racer')
  const input = questionInput(question)
  if (!streams) {
    const { __typename } = await person.ask.refuse({ ...input, idempotencyKey: key })
    if (__typename !== 'IdempotencyConflict') faults.push(`${key}: another input was refused with ${__typename}`)
    return
  }
  const [event] = await person.start(key, input).rest()
  const refusal = event?.__typename === 'CompletionRejected' ? event.error.__typename : event?.__typename
  if (refusal !== 'IdempotencyConflict') faults.push(`${key}: another input was answered with ${refusal}`)
}

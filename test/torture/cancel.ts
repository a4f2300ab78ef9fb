import { setTimeout as delay } from 'node:timers/promises'
import { createPerson } from '../harness/person.ts'
import type { ServerProcess } from '../harness/server-process.ts'
import { ask } from './asker.ts'
import { checkAnswers } from './check.ts'
import { createDice } from './dice.ts'
import { type Ground, newDatabase, onGround, type Report, spread, type Torture } from './ground.ts'

const askedPollMs = 5
const promisedMs = { same: 200, other: 500 }

export interface CancelSizes {
  rounds: number
  /** What a machine that is busy otherwise may add to the promised times. */
  slackMs: number
}

/** Stops answers through the server that streams them, and through the other. */
export function cancel(torture: Torture, { rounds, slackMs }: CancelSizes): Promise<Report> {
  return onGround(torture, async (ground) => {
    const settings = await newDatabase(ground)
    const [owner, other] = [await ground.start(settings), await ground.start(settings)]
    const closedMs = { same: [] as number[], other: [] as number[] }
    for (let round = 0; round < rounds; round++) {
      closedMs.same.push(await cancelOne(ground, `same-${round}`, [owner, other], owner))
      closedMs.other.push(await cancelOne(ground, `other-${round}`, [owner, other], other))
    }
    for (const way of ['same', 'other'] as const) {
      const late = closedMs[way].filter((ms) => ms > promisedMs[way] + slackMs)
      if (late.length > 0) ground.faults.push(`through the ${way} server: closed after ${late.map(Math.round)} ms`)
    }
    return (
      `cancel: ${rounds} each; upstream closed through the same server: ${spread(closedMs.same)}; ` +
      `through the other: ${spread(closedMs.other)}`
    )
  })
}

async function cancelOne(
  ground: Ground,
  id: string,
  [owner, other]: readonly [ServerProcess, ServerProcess],
  through: ServerProcess,
): Promise<number> {
  const { faults, model } = ground
  const dice = createDice(`${ground.seed} ${id}`)
  // The one who asks goes to the first, the other screen to the second.
  const urls = [owner.url, other.url]
  const asked = ask(ground, { id, route: () => urls.shift() ?? other.url, pieces: 5_000, paceMs: 10 })
  const completionId = await asked.begun
  await delay(dice.whole(50, 400))
  while (model.callsOf(id) === 0) await delay(askedPollMs)
  const sentMs = performance.now()
  const { completion } = await createPerson(through.url, asked.name).cancel(completionId)
  const closedMs = (await model.closed(id)) - sentMs
  if (completion.status !== 'CANCELLED') faults.push(`${id} is ${completion.status}`)
  const { completionTokens, source } = completion.usage ?? {}
  // Cancelled before the first token, it has written none.
  const isRight = source === 'ESTIMATED' && Number(completionTokens) > 0 === (completion.firstTokenAt !== null)
  if (!isRight) faults.push(`${id}: usage ${JSON.stringify(completion.usage)}`)
  await checkAnswers(ground, [asked], [owner, other])
  return closedMs
}

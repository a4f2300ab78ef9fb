import { setTimeout as delay } from 'node:timers/promises'
import type { Completion } from '../harness/completion-documents.ts'
import { createPerson } from '../harness/person.ts'
import type { ServerProcess } from '../harness/server-process.ts'
import { ask } from './asker.ts'
import { checkAnswers } from './check.ts'
import { createDice } from './dice.ts'
import { type Ground, newDatabase, onGround, type Report, spread, type Torture } from './ground.ts'
import { isLoss } from './loss.ts'
import { questionInput } from './viewer.ts'

export interface PauseSizes {
  pauses: number
  streams: number
}

const leaseMs = 1_000

/** A server that sleeps past its lease in the middle of its answers, and wakes when another has ended them. */
export function pause(torture: Torture, { pauses, streams }: PauseSizes): Promise<Report> {
  return onGround(torture, async (ground) => {
    const settings = { ...(await newDatabase(ground)), LEASE_MS: `${leaseMs}` }
    const servers = [await ground.start(settings), await ground.start(settings)] as const
    const serveMs: number[] = []
    let taken = 0
    for (let number = 0; number < pauses; number++) {
      const [sleeper, watch] = number % 2 === 0 ? servers : [servers[1], servers[0]]
      const round = await pauseOne(ground, number, streams, sleeper, watch)
      serveMs.push(round.serveMs)
      taken += round.taken
    }
    return `pause: ${pauses} servers paused and woken, ${taken} answers ended by others; serves again: ${spread(serveMs)}`
  })
}

async function pauseOne(ground: Ground, number: number, streams: number, sleeper: ServerProcess, watch: ServerProcess) {
  const { seed, faults } = ground
  const dice = createDice(`${seed} pause ${number}`)
  const asked = Array.from({ length: streams }, (_, index) => {
    return ask(ground, { id: `pause-${number}-${index}`, route: () => sleeper.url, pieces: 400, paceMs: 20 })
  })
  const ids = await Promise.all(asked.map(({ begun }) => begun))
  await delay(dice.whole(50, 500))
  process.kill(sleeper.pid, 'SIGSTOP')
  const taken: Completion[] = []
  try {
    for (const [index, id] of ids.entries()) taken.push(await endedAt(watch.url, asked[index]?.name ?? '', id))
  } finally {
    process.kill(sleeper.pid, 'SIGCONT')
  }
  const wokenMs = performance.now()
  await serves(ground, sleeper, `woken-${number}`)
  const serveMs = performance.now() - wokenMs
  // Those who watched the sleeper see what the other has stored.
  const { ends } = await checkAnswers(ground, asked, [sleeper, watch])
  for (const end of ends) {
    const before = taken.find(({ id }) => id === end.id)
    if (JSON.stringify(before?.choices) !== JSON.stringify(end.choices))
      faults.push(`${end.id} was written after its end`)
    if (end.error?.['code'] !== 'SERVER_LOST') faults.push(`${end.id} ended with ${JSON.stringify(end.error)}`)
  }
  return { serveMs, taken: ends.length }
}

async function endedAt(url: string, name: string, id: string): Promise<Completion> {
  const last = (await createPerson(url, name).watch(id).rest()).at(-1)
  if (last?.__typename === 'CompletionEnded') return last.completion
  throw new Error(`${id}: the stream ended with ${JSON.stringify(last)}`)
}

const serveWithinMs = 5_000

/** Asks until an answer comes whole. */
async function serves({ seed, faults }: Ground, { url }: ServerProcess, id: string) {
  const untilMs = performance.now() + serveWithinMs
  for (let attempt = 0; performance.now() < untilMs; attempt++) {
    const question = { id: `${id}-${attempt}`, seed, pieces: 5, paceMs: 5 }
    try {
      const { completion } = await createPerson(url, id).ask(questionInput(question))
      if (completion.status === 'COMPLETED') return
    } catch (error) {
      if (!isLoss(error) && !String(error).includes('UpstreamError')) throw error
    }
  }
  faults.push(`${id}: the woken server does not serve within ${serveWithinMs} ms`)
}

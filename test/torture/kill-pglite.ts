import { setTimeout as delay } from 'node:timers/promises'
import type { ServerProcess } from '../harness/server-process.ts'
import { ask } from './asker.ts'
import { checkAnswers } from './check.ts'
import { createDice } from './dice.ts'
import { type Ground, newDataFolder, onGround, type Report, type Torture } from './ground.ts'
import { createWriter } from './writer.ts'

export interface KillSizes {
  kills: number
  streams: number
}

/** One server with its data in a folder is killed while it streams, and started again. */
export function killOnPglite(torture: Torture, { kills, streams }: KillSizes): Promise<Report> {
  return onGround(torture, async (ground) => {
    const settings = await newDataFolder(ground)
    const start = () => ground.start(settings)
    let server = await start()
    const total = { interrupted: 0, calls: 0, messages: 0 }
    for (let number = 0; number < kills; number++) {
      const { next, ...round } = await killOne(ground, { number, streams, server, start })
      server = next
      total.interrupted += round.interrupted
      total.calls += round.calls
      total.messages += round.messages
    }
    return (
      `kill on PGlite: ${kills} kills, ${kills * streams} answers, ${total.interrupted} interrupted, ` +
      `${total.calls} upstream calls, ${total.messages} messages`
    )
  })
}

interface Killing {
  number: number
  streams: number
  server: ServerProcess
  start(): Promise<ServerProcess>
}

async function killOne(ground: Ground, { number, streams, server, start }: Killing) {
  const dice = createDice(`${ground.seed} killing ${number}`)
  let { url } = server
  const route = () => url
  const writer = createWriter(`writer-${number}`, route, ground.faults)
  const asked = Array.from({ length: streams }, (_, index) => {
    return ask(ground, { id: `${number}-${index}`, route, pieces: dice.whole(10, 80), paceMs: dice.whole(5, 40) })
  })
  await delay(dice.whole(50, 1_500))
  await server.kill('SIGKILL')
  const next = await start()
  const startedAt = Date.now()
  url = next.url
  await Promise.all(asked.map(({ ends }) => ends))
  const messages = await writer.check()
  const { ends, calls } = await checkAnswers(ground, asked, [next])
  const interrupted = ends.filter(({ status }) => status === 'INTERRUPTED')
  const late = interrupted.filter(({ finishedAt }) => !(Date.parse(finishedAt ?? '') <= startedAt))
  if (late.length > 0) ground.faults.push(`kill ${number}: ${late.length} had not ended when the server was ready`)
  return { next, interrupted: interrupted.length, calls, messages }
}

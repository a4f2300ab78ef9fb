import { setTimeout as delay } from 'node:timers/promises'
import { type Postgres, startPostgres } from '../harness/postgres.ts'
import { ask } from './asker.ts'
import { checkAnswers } from './check.ts'
import { createDice } from './dice.ts'
import { type Ground, newDatabase, onGround, type Report, type Torture } from './ground.ts'

export interface StallSizes {
  rounds: number
  leaseMs: number
  /** Of the lease, nearly all of which passes while the database stands still. */
  share: number
  streams: number
}

/** Postgres stands still under two servers that are well: neither takes the other for lost, and all answers come whole. */
export function stall(torture: Torture, { rounds, leaseMs, share, streams }: StallSizes): Promise<Report> {
  return onGround(torture, async (ground) => {
    const postgres = await startPostgres()
    if (postgres === null) throw new Error('There is no Postgres')
    try {
      const settings = { ...(await newDatabase({ ...ground, postgresUrl: postgres.url })), LEASE_MS: `${leaseMs}` }
      const servers = [await ground.start(settings), await ground.start(settings)] as const
      for (let number = 0; number < rounds; number++) {
        const asked = await askBoth(ground, number, streams, servers, leaseMs)
        await standStill(postgres, leaseMs * share)
        const { ends } = await checkAnswers(ground, asked, servers)
        const lost = ends.filter(({ status }) => status !== 'COMPLETED')
        for (const end of lost) ground.faults.push(`round ${number}: ${end.id} ended ${JSON.stringify(end.error)}`)
      }
      return `stall: Postgres stood still ${rounds} times for ${leaseMs * share} ms under ${rounds * streams * 2} answers`
    } finally {
      await postgres.stop()
    }
  })
}

/** The answers wait for their text for a third of a lease each time, so that little but the leases is written meanwhile. */
async function askBoth(
  ground: Ground,
  number: number,
  streams: number,
  servers: readonly { url: string }[],
  leaseMs: number,
) {
  const dice = createDice(`${ground.seed} stall ${number}`)
  const asked = servers.flatMap(({ url }, server) =>
    Array.from({ length: streams }, (_, index) => {
      const id = `stall-${number}-${server}-${index}`
      return ask(ground, { id, route: () => url, pieces: 2, paceMs: leaseMs / 3, isSteady: true })
    }),
  )
  await Promise.all(asked.map(({ begun }) => begun))
  await delay(dice.whole(0, leaseMs / 2))
  return asked
}

async function standStill(postgres: Postgres, ms: number) {
  postgres.pause()
  await delay(ms)
  postgres.resume()
}

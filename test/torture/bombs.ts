import { schema } from '../../src/schema/schema.ts'
import { execute } from '../harness/client.ts'
import { bombOf } from './bomb.ts'
import { crowdSettings, growCrowd } from './crowd.ts'
import { createDice } from './dice.ts'
import { newDatabase, newDataFolder, onGround, type Report, spread, type Torture } from './ground.ts'

export interface BombsOptions {
  documents: number
  answeredMs: number
  refusedMs: number
}

interface Fallen {
  kind: 'answered' | 'refused'
  ms: number
  /** What was wrong with the answer, if anything. */
  fault: string | null
}

async function drop(url: string, document: string): Promise<Fallen> {
  const askedMs = performance.now()
  const { errors: [error] = [] } = await execute(url, document, {}, { as: 'alice' })
  const ms = performance.now() - askedMs
  // What execution stops itself has no cost: it was not foreseen.
  if (error?.extensions?.['cost'] !== undefined) return { kind: 'refused', ms, fault: null }
  return { kind: 'answered', ms, fault: error ? JSON.stringify(error) : null }
}

/** Documents made by chance from the schema: what is under the budget is answered in time, and what is above it is refused at once. */
export function bombs(torture: Torture, { documents, answeredMs, refusedMs }: BombsOptions): Promise<Report> {
  return onGround(torture, async ({ seed, faults, start }) => {
    const database = await (torture.postgresUrl === null ? newDataFolder : newDatabase)(torture)
    const server = await start({ ...database, ...crowdSettings })
    const crowd = await growCrowd(server.url)
    const dice = createDice(seed)
    const bounds = { answered: answeredMs, refused: refusedMs }
    const times: Record<Fallen['kind'], number[]> = { answered: [], refused: [] }
    for (let number = 0; number < documents; number++) {
      const document = bombOf(schema, crowd, dice)
      const { kind, ms, fault } = await drop(server.url, document)
      times[kind].push(ms)
      if (fault !== null) faults.push(`${fault} for ${document}`)
      if (ms > bounds[kind]) faults.push(`${Math.round(ms)} ms until it was ${kind}: ${document}`)
    }
    const { answered, refused } = times
    if (answered.length === 0 || refused.length === 0) faults.push('all documents were of one kind')
    return `bombs: ${answered.length} answered, ${spread(answered)}; ${refused.length} refused, ${spread(refused)}`
  })
}

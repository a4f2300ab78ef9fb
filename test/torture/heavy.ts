import { createPerson } from '../harness/person.ts'
import type { Environment } from '../harness/server-process.ts'
import { type Ground, newDatabase, newDataFolder, onGround, type Report, type Torture } from './ground.ts'
import { bigPreviews } from './heavy/big-previews.ts'
import { bigQuestions } from './heavy/big-questions.ts'
import { bigSearch } from './heavy/big-search.ts'
import { bigWebSocketOperation } from './heavy/big-websocket-operation.ts'
import { messagesNested, nodesMany, siblingsNested } from './heavy/costly-documents.ts'
import { endlessUpstream } from './heavy/endless-upstream.ts'
import { jsonVariables } from './heavy/json-variables.ts'
import { longConversation } from './heavy/long-conversation.ts'
import { longTitle } from './heavy/long-title.ts'
import { manyMessages } from './heavy/many-messages.ts'
import { modelPattern } from './heavy/model-pattern.ts'
import { prose } from './heavy/prose.ts'
import { sharedVariable } from './heavy/shared-variable.ts'
import type { HeavyWork } from './heavy/work.ts'
import { livenessDuring } from './liveness.ts'

/** Of what others feel while the work is done. */
export interface HeavyBounds {
  p99Ms: number
  grownBytes: number
}

const works: readonly HeavyWork[] = [
  bigPreviews,
  bigQuestions,
  bigSearch,
  bigWebSocketOperation,
  endlessUpstream,
  jsonVariables,
  longConversation,
  longTitle,
  manyMessages,
  messagesNested,
  modelPattern,
  nodesMany,
  sharedVariable,
  siblingsNested,
]

/** While somebody asks for much, others are served at once, on either database, and memory stays bounded. */
export function heavy(torture: Torture, bounds: HeavyBounds): Promise<Report> {
  return onGround(torture, async (ground) => {
    const figures: string[] = []
    for (const newPlace of torture.postgresUrl === null ? [newDataFolder] : [newDataFolder, newDatabase]) {
      for (const work of works) {
        try {
          figures.push(await doWork(ground, work, await newPlace(torture), bounds))
        } catch (error) {
          ground.faults.push(`${work.name}: ${error}`)
        }
      }
    }
    return `heavy: ${figures.join('; ')}`
  })
}

async function doWork(ground: Ground, work: HeavyWork, database: Environment, bounds: HeavyBounds): Promise<string> {
  const server = await ground.start({ ...database, ...work.settings })
  // The first question of a process loads an encoding and compiles much, which is no matter of the work. Where the upstreams of
  // the work do not answer it, the work itself asks no model either.
  await createPerson(server.url, 'first')
    .ask({ messages: [prose(20_000)] })
    .catch(() => {})
  const run = await work.prepare({ ...ground, server, database })
  const told = () => run().catch((error: unknown) => ground.faults.push(`${work.name}: ${error}`))
  const { p99Ms, grownBytes } = await livenessDuring(server, told)
  await server.kill('SIGTERM')
  const name = `${work.name} (${'DATABASE_URL' in database ? 'Postgres' : 'embedded'})`
  const figure = `${name}: p99 of /livez ${Math.round(p99Ms)} ms, memory +${Math.round(grownBytes / 1e6)} MB`
  if (p99Ms > bounds.p99Ms || grownBytes > bounds.grownBytes) ground.faults.push(figure)
  return figure
}

import { compare, type Side } from './comparison.ts'
import type { Result } from './figure.ts'
import type { Load } from './load.ts'
import type { Stage } from './stage.ts'

const callers = 64
const load: Load = { shape: { tokens: 50, firstMs: 0, gapMs: 0, stamped: false }, answersEach: 10, staggerMs: 0 }

/** Answers per CPU-second of the server, where whoever asks waits for the whole answer. */
export async function singleShot(stage: Stage): Promise<Result[]> {
  const { url } = await stage.startModelServer()
  const relay = await stage.startHandRelay(url)
  const sides: Side[] = [{ name: 'hand relay', server: relay, asks: stage.openCallers(relay.url, callers) }]
  for (const database of stage.databases) {
    const server = await stage.startLoadable(database, url)
    sides.push({ name: `Antiphon, ${database.name}`, server, asks: stage.openCallers(server.url, callers) })
  }
  return compare('single-shot', sides, { unit: 'answers', perAnswer: 1, load, reps: stage.reps })
}

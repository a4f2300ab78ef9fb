import { compare, type Side } from './comparison.ts'
import type { Result } from './figure.ts'
import type { Load } from './load.ts'
import type { Stage } from './stage.ts'

const streams = 64
const shape = { tokens: 200, firstMs: 0, gapMs: 0, stamped: false }
const load: Load = { shape, answersEach: 8, staggerMs: 0 }

/** Tokens per CPU-second of the server, where tokens come faster than it can take them. */
export async function saturate(stage: Stage): Promise<Result[]> {
  const { url } = await stage.startModelServer()
  const relay = await stage.startHandRelay(url)
  const pipe = await stage.startBytePipe(url)
  const sides: Side[] = [
    { name: 'hand relay', server: relay, asks: await stage.openViewers(relay.url, streams, { store: true }) },
    { name: 'byte pipe', server: pipe, asks: stage.openReaders(pipe.url, streams) },
  ]
  for (const database of stage.databases) {
    const server = await stage.startLoadable(database, url)
    for (const store of [false, true]) {
      const asks = await stage.openViewers(server.url, streams, { store })
      sides.push({ name: `Antiphon, ${store ? 'stored' : 'unstored'}, ${database.name}`, server, asks })
    }
  }
  return compare('saturate', sides, { unit: 'tokens', perAnswer: shape.tokens, load, reps: stage.reps })
}

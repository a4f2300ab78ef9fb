import { randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import type { Environment } from '../harness/server-process.ts'

/** What a server holds, once its garbage is collected. */
export interface Weight {
  heapBytes: number
  /** Of the heap and of the buffers that it keeps outside of it. */
  bytes: number
  /** Sockets, timers, requests to the system. */
  handles: Record<string, number>
  /** Sockets to which was written what their peers do not take. */
  stalled: number
}

export interface Gauge {
  /** For the server that is to be weighed. */
  settings: Environment
  weigh(): Promise<Weight>
  /** Weighs until it fits, or for so long. */
  weighUntil(fits: (weight: Weight) => boolean, patienceMs: number): Promise<Weight>
}

const pollMs = 100

// Runs in the server, and in its threads, which are not weighed. Twice, since what finalizers let go of is garbage only then.
const program = (path: string) => `
  import { createServer } from 'node:net'
  import { setFlagsFromString } from 'node:v8'
  import { runInNewContext } from 'node:vm'
  import { isMainThread } from 'node:worker_threads'
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc')
  function weigh() {
    collect()
    const { heapUsed, external } = process.memoryUsage()
    const handles = {}
    for (const name of process.getActiveResourcesInfo()) handles[name] = (handles[name] ?? 0) + 1
    const stalled = process._getActiveHandles().filter(({ writableLength }) => writableLength > 0).length
    return JSON.stringify({ heapBytes: heapUsed, bytes: heapUsed + external, handles, stalled })
  }
  const server = createServer((socket) => {
    collect()
    setImmediate(() => socket.end(weigh()))
  })
  if (isMainThread) server.listen(${JSON.stringify(path)}).unref()`

export function createGauge(folder: string): Gauge {
  const path = join(folder, `gauge-${randomUUID().slice(0, 8)}`)
  const weigh = async () => (await json(connect(path))) as Weight
  return {
    settings: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(program(path))}` },
    weigh,
    async weighUntil(fits, patienceMs) {
      const untilMs = performance.now() + patienceMs
      for (;;) {
        const weight = await weigh()
        if (fits(weight) || performance.now() > untilMs) return weight
        await delay(pollMs)
      }
    },
  }
}

export function handlesOf({ handles }: Weight): number {
  return Object.values(handles).reduce((sum, count) => sum + count, 0)
}

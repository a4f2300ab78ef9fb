import { join } from 'node:path'
import { SHARE_ENV, Worker } from 'node:worker_threads'
import { packageRoot } from '../migration-files.ts'
import type { WatchdogData } from './watchdog-thread.ts'

export interface Watchdog {
  /** The main thread may stand still for as long as this takes. */
  unwatched<T>(work: () => Promise<T>): Promise<T>
  stop(): Promise<void>
}

const beatMs = 1_000
const mayStandStill = -1
// A thread takes these workings' memory for itself.
const resourceLimits = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 8, stackSizeMb: 1 }

/**
 * A thread that ends this process when the main one stands still in a loop, as PGlite does where the disk is full and no
 * signal is heard any more; and that touches the lock also while the main thread is at work.
 */
export async function startWatchdog(folder: string, lockPath: string): Promise<Watchdog> {
  const beats = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  let unwatchedWorks = 0
  let count = 0
  const beat = () => Atomics.store(beats, 0, unwatchedWorks > 0 ? mayStandStill : count++)
  beat()
  const workerData: WatchdogData = { beats, folder, lockPath }
  // The same file from src and from the bundle.
  const worker = new Worker(join(packageRoot, '.build', 'watchdog-thread.js'), {
    workerData,
    resourceLimits,
    env: SHARE_ENV,
    execArgv: [],
  })
  worker.unref()
  const timer = setInterval(beat, beatMs).unref()

  return {
    async unwatched(work) {
      unwatchedWorks++
      beat()
      try {
        return await work()
      } finally {
        unwatchedWorks--
        beat()
      }
    },
    async stop() {
      clearInterval(timer)
      await worker.terminate()
    },
  }
}

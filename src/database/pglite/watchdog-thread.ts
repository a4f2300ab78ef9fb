import { statfsSync, utimesSync, writeSync } from 'node:fs'
import { Session } from 'node:inspector'
import { workerData } from 'node:worker_threads'

export interface WatchdogData {
  /** Counted up by the main thread; -1 while it may stand still. */
  beats: Int32Array
  folder: string
  /** To be touched as long as this process lives. */
  lockPath: string
}

const periodMs = 1_000
// Of CPU time: a process that is stopped, or that gets no turn on a busy machine, does not stand still in a loop.
const limitMs = 60_000
const fullDiskLimitMs = 10_000
const fullDiskBytes = 24e6
const exitWithinMs = 2_000

const { beats, folder, lockPath }: WatchdogData = workerData
let lastBeat = -1
let usedAtBeatMs = 0

setInterval(() => {
  touchLock()
  const beat = Atomics.load(beats, 0)
  const usedMs = usedByProcessMs()
  if (beat === -1 || beat !== lastBeat) {
    lastBeat = beat
    usedAtBeatMs = usedMs
    return
  }
  const stoodMs = usedMs - usedAtBeatMs
  if (stoodMs < fullDiskLimitMs) return
  const freeBytes = freeDiskBytes()
  if (stoodMs >= limitMs || freeBytes < fullDiskBytes) endProcess(stoodMs, freeBytes)
}, periodMs)

function touchLock() {
  const now = new Date()
  try {
    utimesSync(lockPath, now, now)
  } catch {
    // Of a folder that is gone there is nothing to keep.
  }
}

function usedByProcessMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

function freeDiskBytes(): number {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize
  } catch {
    // A folder that is gone takes nothing either.
    return 0
  }
}

function endProcess(stoodMs: number, freeBytes: number) {
  const free = `its disk has ${Math.floor(freeBytes / 1e6)} MB free`
  const reason = `the embedded database has stood still for ${Math.round(stoodMs / 1_000)} s of CPU time, and ${free}`
  // Not by process.stderr, which is the main thread's.
  writeSync(2, `antiphon: DATA_DIR: ${reason}: the process ends, and the next start goes on with what is stored\n`)
  // A process that is number 1 of its container gets no signal from within it, but V8 interrupts even a loop in
  // WebAssembly for its inspector.
  const session = new Session()
  session.connectToMainThread()
  session.post('Runtime.evaluate', { expression: 'process.exit(1)' })
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), exitWithinMs)
}

import { statfsSync, utimesSync, writeSync } from 'node:fs'

export interface Watchdog {
  watch(database: Watched): void
  /** Runs work in which a statement may take any time. */
  unwatched<T>(work: () => Promise<T>): Promise<T>
  stop(): void
}

export interface Watched {
  /** Identifies the request that the database executes; null if the database is idle. */
  underWay(): object | null
}

const periodMs = 1_000
// In milliseconds of CPU time: a process that is suspended, or that gets no CPU on a busy machine, is not in a loop.
const limitMs = 60_000
const fullDiskLimitMs = 10_000
const fullDiskBytes = 24e6

/**
 * Ends this process if one statement of the embedded database does not end, because PGlite loops for ever when the disk is
 * full. Until the watchdog is stopped, it also updates the timestamp of the lock file, as the holder of the lock has to.
 */
export function startWatchdog(folder: string, lockPath: string): Watchdog {
  let database: Watched | null = null
  let unwatchedWorks = 0
  let statement: object | null = null
  let usedAtBeginMs = 0

  function look() {
    touch(lockPath)
    const usedMs = usedByProcessMs()
    const current = unwatchedWorks > 0 || database === null ? null : database.underWay()
    if (current === null || current !== statement) {
      statement = current
      usedAtBeginMs = usedMs
      return
    }
    const stoodMs = usedMs - usedAtBeginMs
    if (stoodMs < fullDiskLimitMs) return
    const freeBytes = freeDiskBytes(folder)
    if (stoodMs >= limitMs || freeBytes < fullDiskBytes) endProcess(standstill(stoodMs, freeBytes))
  }

  const timer = setInterval(look, periodMs).unref()
  return {
    watch(opened) {
      database = opened
    },
    async unwatched(work) {
      unwatchedWorks++
      try {
        return await work()
      } finally {
        unwatchedWorks--
      }
    },
    stop: () => clearInterval(timer),
  }
}

/** Call it if the database cannot continue in this process. */
export function endProcess(problem: string): never {
  writeSync(2, `antiphon: DATA_DIR: ${problem}: the process ends, and the next start goes on with what is stored\n`)
  process.exit(1)
}

function touch(path: string) {
  const now = new Date()
  try {
    utimesSync(path, now, now)
  } catch {
    // If the folder is gone, there is no lock to keep.
  }
}

function usedByProcessMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

function freeDiskBytes(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize
  } catch {
    // If the folder is gone, nothing can be written, as on a full disk.
    return 0
  }
}

function standstill(stoodMs: number, freeBytes: number): string {
  const free = `its disk has ${Math.floor(freeBytes / 1e6)} MB free`
  return `the embedded database has stood still for ${Math.round(stoodMs / 1_000)} s of CPU time, and ${free}`
}

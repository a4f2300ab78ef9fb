import { statfsSync, utimesSync, writeSync } from 'node:fs'

export interface Watchdog {
  watch(database: Watched): void
  /** A statement may take as long as this takes. */
  unwatched<T>(work: () => Promise<T>): Promise<T>
  stop(): void
}

export interface Watched {
  /** What the database is at; null where it is idle. */
  underWay(): object | null
}

const periodMs = 1_000
// Of CPU time: a process that is stopped, or that gets no turn on a busy machine, does not stand still in a loop.
const limitMs = 60_000
const fullDiskLimitMs = 10_000
const fullDiskBytes = 24e6

/**
 * Ends this process when one statement of the embedded database does not end, since PGlite is in a loop for ever where the
 * disk is full. Until it is stopped it touches the lock, as its holder has to.
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

/** Where the database cannot go on in this process. */
export function endProcess(problem: string): never {
  writeSync(2, `antiphon: DATA_DIR: ${problem}: the process ends, and the next start goes on with what is stored\n`)
  process.exit(1)
}

function touch(path: string) {
  const now = new Date()
  try {
    utimesSync(path, now, now)
  } catch {
    // Of a folder that is gone there is nothing to keep.
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
    // A folder that is gone takes nothing either.
    return 0
  }
}

function standstill(stoodMs: number, freeBytes: number): string {
  const free = `its disk has ${Math.floor(freeBytes / 1e6)} MB free`
  return `the embedded database has stood still for ${Math.round(stoodMs / 1_000)} s of CPU time, and ${free}`
}

import { statfs } from 'node:fs/promises'

/** ENDINGS: what was begun may still be ended. */
export type Room = 'ALL' | 'ENDINGS' | 'NONE'

export interface DiskWatch {
  room(): Room
  close(): void
}

// Postgres takes 16 MB of disk at a time for its log of writes, also to come up after a crash.
const marginBytes = 48e6
const reserveBytes = 24e6
/** What a new database takes, beside the margin. */
const newDatabaseBytes = 72e6
const periodMs = 250

/** Says what to do where the database in the folder cannot be opened or made for lack of room; else null. */
export async function lackOfRoom(folder: string, isNew: boolean): Promise<string | null> {
  const neededBytes = isNew ? newDatabaseBytes + marginBytes : reserveBytes
  const freeBytes = await freeBytesOf(folder)
  if (freeBytes >= neededBytes) return null
  return `DATA_DIR: the disk of ${folder} has ${inMegabytes(freeBytes)} free, ${inMegabytes(neededBytes)} are needed: free some, or set another DATA_DIR`
}

/**
 * Looks at the room on the disk now and again. `onChange` is told when what can be written has changed: null where all can,
 * else why not.
 */
export async function watchDisk(
  folder: string,
  onChange: (problem: string | null) => Promise<void>,
): Promise<DiskWatch> {
  let room: Room = 'ALL'
  let isLooking = false

  async function look() {
    const freeBytes = await freeBytesOf(folder)
    if (roomFor(freeBytes) === room) return
    room = roomFor(freeBytes)
    await onChange(room === 'ALL' ? null : problemOf(freeBytes))
  }

  await look()
  const timer = setInterval(() => {
    if (isLooking) return
    isLooking = true
    // A look that fails, as at a folder that was unmounted, leaves all as it is.
    look()
      .catch(() => {})
      .finally(() => {
        isLooking = false
      })
  }, periodMs).unref()

  return { room: () => room, close: () => clearInterval(timer) }
}

function problemOf(freeBytes: number): string {
  const limit = `below ${inMegabytes(marginBytes)} nothing new is written, and reading goes on`
  return `the disk of DATA_DIR has ${inMegabytes(freeBytes)} free: ${limit}`
}

function roomFor(freeBytes: number): Room {
  if (freeBytes >= marginBytes) return 'ALL'
  return freeBytes >= reserveBytes ? 'ENDINGS' : 'NONE'
}

async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

function inMegabytes(bytes: number): string {
  return `${Math.floor(bytes / 1e6)} MB`
}

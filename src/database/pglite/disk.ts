import { statfs } from 'node:fs/promises'

/** What the free space of the disk allows. ENDINGS: only writes that end something that was begun. */
export type Room = 'ALL' | 'ENDINGS' | 'NONE'

export interface DiskWatch {
  room(): Room
  close(): void
}

// Postgres allocates disk space for its write-ahead log 16 MB at a time, also when it recovers after a crash.
const marginBytes = 48e6
const reserveBytes = 24e6
/** The size of a new database, in addition to the margin. */
const newDatabaseBytes = 72e6
const periodMs = 250

/** Returns what a person has to do if the disk has too little space to open or create the database in the folder, else null. */
export async function lackOfRoom(folder: string, isNew: boolean): Promise<string | null> {
  const neededBytes = isNew ? newDatabaseBytes + marginBytes : reserveBytes
  const freeBytes = await freeBytesOf(folder)
  if (freeBytes >= neededBytes) return null
  return `DATA_DIR: the disk of ${folder} has ${inMegabytes(freeBytes)} free, ${inMegabytes(neededBytes)} are needed: free some, or set another DATA_DIR`
}

/**
 * Checks the free space of the disk periodically. When there is a change in what can be written, `onChange` is called with the
 * problem, or with null if everything can be written.
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
    // If a check fails, for example because the folder was unmounted, nothing changes.
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

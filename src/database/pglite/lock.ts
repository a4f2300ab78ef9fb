import { link, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { StoreError } from '../error.ts'
import { isListeningInFolder, listenInFolder } from './lock-socket.ts'

interface Holder {
  /** The process id in the holder's own namespace. */
  pid: number
  pidNamespace: string | null
  host: string
  /** Identifies the running kernel; null if it has no identifier. */
  kernel: string | null
  /**
   * The socket on which the holder listens as long as it lives; null if only the age of its lock file shows whether it lives.
   */
  socket: string | null
  since: string
}

export interface FolderLock {
  /** The lock file. Its holder has to update the file's timestamp at intervals shorter than 10 s. */
  readonly path: string
  release(): Promise<void>
}

const lockStaleMs = 10_000
// A process that was killed still listens until the last of its threads has ended.
const deathMs = 2_000
const retryMs = 100
const lockName = /^lock\.(\d+)$/

/**
 * Locks the folder for this process, or rejects with StoreError LOCKED.
 *
 * Each holder writes a file of its own: lock.<n + 1> after the dead holder's lock.<n>. A hard link puts the file in place with
 * all its content and for one process only, so of two processes that see the same dead holder one wins. So no process has to
 * remove a file that was read before and may belong to a living holder by now. The last file is emptied and stays, because the
 * numbers must not start again.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const name = `lock-${crypto.randomUUID()}`
  const draft = join(folder, name)
  const socket = `${name}.socket`
  const giveUp = await listenInFolder(folder, socket)
  try {
    await writeFile(draft, JSON.stringify(await thisProcess(giveUp && socket)), { mode: 0o600 })
    const path = await takeNext(folder, draft)
    await clearAway(folder, path)
    return {
      path,
      async release() {
        await writeFile(path, '')
        await giveUp?.()
      },
    }
  } catch (error) {
    await giveUp?.()
    throw error
  } finally {
    await rm(draft, { force: true })
  }
}

async function takeNext(folder: string, draft: string): Promise<string> {
  const patientUntilMs = performance.now() + deathMs
  for (;;) {
    const last = await lastLock(folder)
    const holder = await holderOf(folder, last)
    if (holder !== null && (await isRunning(folder, holder, last))) {
      if (performance.now() > patientUntilMs) throw new StoreError('LOCKED', await lockedBy(folder, holder))
      await delay(retryMs)
      continue
    }
    const mine = pathOf(folder, last + 1)
    if (!(await linked(draft, mine))) continue
    // If this process was suspended since it read the numbers, it may have taken one that was used and removed in between.
    if ((await lastLock(folder)) === last + 1) return mine
    await rm(mine, { force: true })
  }
}

/** Removes the files and sockets of the dead holders. */
async function clearAway(folder: string, mine: string) {
  for (const number of await lockNumbers(folder)) {
    const path = pathOf(folder, number)
    if (path === mine) continue
    const holder = await holderOf(folder, number)
    if (holder?.socket) await rm(join(folder, holder.socket), { force: true })
    await rm(path, { force: true })
  }
}

async function lockNumbers(folder: string) {
  return (await readdir(folder)).map((name) => Number(lockName.exec(name)?.[1] ?? 0)).filter((number) => number > 0)
}

async function lastLock(folder: string) {
  return Math.max(0, ...(await lockNumbers(folder)))
}

function pathOf(folder: string, number: number) {
  return join(folder, `lock.${number}`)
}

async function linked(draft: string, target: string) {
  try {
    await link(draft, target)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}

/** The process that took this number; null if no process took it, or if the lock was released. */
async function holderOf(folder: string, number: number): Promise<Holder | null> {
  const text = await unlessMissing(readFile(pathOf(folder, number), 'utf8'))
  // The file is emptied when the lock is released, and can be incomplete if the machine lost power.
  return text ? readHolder(text) : null
}

function readHolder(text: string): Holder | null {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

async function isRunning(folder: string, { kernel, socket }: Holder, number: number) {
  // A socket says nothing about a process on another kernel, for example if the folder is on a network disk.
  if (socket && kernel && kernel === (await thisKernel())) {
    const isListening = await isListeningInFolder(folder, socket)
    if (isListening !== null) return isListening
  }
  const file = await unlessMissing(stat(pathOf(folder, number)))
  return file !== null && Date.now() - file.mtimeMs < lockStaleMs
}

async function thisProcess(socket: string | null): Promise<Holder> {
  const [kernel, pidNamespace] = await Promise.all([thisKernel(), thisPidNamespace()])
  return { pid: process.pid, pidNamespace, host: hostname(), kernel, socket, since: new Date().toISOString() }
}

async function thisKernel() {
  if (process.platform !== 'linux') return hostname()
  return unlessMissing(readFile('/proc/sys/kernel/random/boot_id', 'utf8').then((text) => text.trim()))
}

function thisPidNamespace() {
  return unlessMissing(readlink('/proc/self/ns/pid'))
}

async function lockedBy(folder: string, { pid, pidNamespace, host, since }: Holder) {
  const isNeighbour = host === hostname() && pidNamespace === (await thisPidNamespace())
  const where = isNeighbour ? '' : ` in another container or machine, named ${host},`
  return `${folder} is in use by process ${pid}${where} since ${since}: stop that one, or set another DATA_DIR`
}

async function unlessMissing<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null
    throw error
  }
}

function hasCode(error: unknown, code: string) {
  return error instanceof Error && 'code' in error && error.code === code
}

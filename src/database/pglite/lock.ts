import { link, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { StoreError } from '../error.ts'
import { isListeningInFolder, listenInFolder } from './lock-socket.ts'

interface Holder {
  /** In its own namespace. */
  pid: number
  pidNamespace: string | null
  host: string
  /** Names the running kernel; null where it has no name. */
  kernel: string | null
  /** Where it listens as long as it lives; null where its file's age alone tells. */
  socket: string | null
  since: string
}

export interface FolderLock {
  /** A file that its holder has to touch more often than every 10 s. */
  readonly path: string
  release(): Promise<void>
}

const lockStaleMs = 10_000
// A process that was killed listens until the last of its threads is gone.
const deathMs = 2_000
const retryMs = 100
const lockName = /^lock\.(\d+)$/

/**
 * Takes the folder for this process or rejects with StoreError LOCKED.
 *
 * Each holder writes a file of its own, lock.<n + 1> after the dead holder's lock.<n>. A hard link puts it in place
 * whole and for one process only, so of two that see the same dead holder one wins, and nobody ever removes a file
 * that may have come to life since it was read. The last file stays behind, emptied: numbers must not begin anew.
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
    // A process that slept since it looked may have taken a number that was used and cleared away in between.
    if ((await lastLock(folder)) === last + 1) return mine
    await rm(mine, { force: true })
  }
}

/** Removes what the dead holders left. */
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

/** Whoever took this number; null where nobody did or it was given back. */
async function holderOf(folder: string, number: number): Promise<Holder | null> {
  const text = await unlessMissing(readFile(pathOf(folder, number), 'utf8'))
  // Emptied when it was given back; cut short where the machine lost its power.
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
  // To another kernel, as on a network disk, a socket says nothing.
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

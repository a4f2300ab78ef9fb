import { link, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { StoreError } from './error.ts'

interface Holder {
  pid: number
  /** When the system started the process, in its own terms; null where it does not tell. Tells a reused pid. */
  started: string | null
  host: string
  since: string
}

const heartbeatMs = 2_000
const staleMs = 10_000
const lockName = /^lock\.(\d+)$/

/**
 * Takes the folder for this process or rejects with StoreError LOCKED. Resolves to what gives it back.
 *
 * Each holder writes a file of its own, lock.<n + 1> after the dead holder's lock.<n>. A hard link puts it in place
 * whole and for one process only, so of two that see the same dead holder one wins, and nobody ever removes a file
 * that may have come to life since it was read. The last file stays behind, emptied: numbers must not begin anew.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const draft = join(folder, `lock-${process.pid}-${crypto.randomUUID()}`)
  await writeFile(draft, JSON.stringify(await thisProcess()))
  try {
    for (;;) {
      const last = await lastLock(folder)
      const holder = await holderOf(folder, last)
      if (holder) throw new StoreError('LOCKED', lockedBy(folder, holder))
      const mine = join(folder, `lock.${last + 1}`)
      if (!(await linked(draft, mine))) continue
      // A process that slept since it looked may have taken a number that was used and cleared away in between.
      if ((await lastLock(folder)) === last + 1) return await hold(folder, mine)
      await rm(mine, { force: true })
    }
  } finally {
    await rm(draft, { force: true })
  }
}

async function hold(folder: string, mine: string) {
  for (const name of await readdir(folder)) {
    if (lockName.test(name) && join(folder, name) !== mine) await rm(join(folder, name), { force: true })
  }
  // For processes elsewhere, to which our pid says nothing.
  const heartbeat = setInterval(() => {
    const now = new Date()
    utimes(mine, now, now).catch(() => {})
  }, heartbeatMs).unref()

  return async () => {
    clearInterval(heartbeat)
    await writeFile(mine, '')
  }
}

async function lastLock(folder: string) {
  const numbers = (await readdir(folder)).map((name) => Number(lockName.exec(name)?.[1] ?? 0))
  return Math.max(0, ...numbers)
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

/** Whoever has the folder by the lock with this number, or null: never held, given back, or dead. */
async function holderOf(folder: string, number: number): Promise<Holder | null> {
  const path = join(folder, `lock.${number}`)
  const text = await unlessMissing(readFile(path, 'utf8'))
  // Emptied when it was given back; cut short where the machine lost its power.
  const holder = text ? readHolder(text) : null
  return holder !== null && (await isRunning(holder, path)) ? holder : null
}

function readHolder(text: string): Holder | null {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

async function isRunning(holder: Holder, path: string) {
  if (holder.host !== hostname()) {
    const file = await unlessMissing(stat(path))
    return file !== null && Date.now() - file.mtimeMs < staleMs
  }
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    // EPERM: it is there, and another user's.
    if (!hasCode(error, 'EPERM')) return false
  }
  return holder.started === null || holder.started === (await startOf(holder.pid))
}

async function thisProcess(): Promise<Holder> {
  const { pid } = process
  return { pid, started: await startOf(pid), host: hostname(), since: new Date().toISOString() }
}

/** When a process started, as clock ticks since the boot; null for the dead, and where the system has no proc(5). */
async function startOf(pid: number) {
  const status = await unlessMissing(readFile(`/proc/${pid}/stat`, 'utf8'))
  const boot = await unlessMissing(readFile('/proc/sys/kernel/random/boot_id', 'utf8'))
  if (!status || !boot) return null
  // The second field is the program's name, which may hold spaces and brackets; the third its state, the 22nd the start.
  const fields = status.slice(status.lastIndexOf(')') + 2).split(' ')
  // A killed process stays in the list until its parent has asked for it; in a container perhaps for ever.
  return fields[0] === 'Z' || fields[0] === 'X' ? null : `${boot.trim()}/${fields[19]}`
}

function lockedBy(folder: string, { pid, host, since }: Holder) {
  const where = host === hostname() ? '' : ` on ${host}`
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

import { mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Driver } from '../driver.ts'
import { StoreError } from '../error.ts'
import { plannerSettings } from '../planner.ts'
import { copyTemplate, hasTemplate } from '../template.ts'
import { lackOfRoom, watchDisk } from './disk.ts'
import { closeToOthers } from './folder-mode.ts'
import { lockFolder } from './lock.ts'
import { pgliteDriver } from './pglite-driver.ts'
import { openPgliteSession, type PgliteSession } from './pglite-session.ts'
import { openInThread, type ThreadConnection } from './thread-connection.ts'
import { endProcess, startWatchdog, type Watchdog } from './watchdog.ts'

/** How long the close waits for its turn, which comes after those of all earlier callers. */
const turnWithinMs = 5_000

export async function openPglite(folder: string, onProblem: (problem: string) => void): Promise<Driver> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const problem = await lackOfRoom(folder, !(await exists(join(folder, 'pglite', 'PG_VERSION'))))
  if (problem !== null) throw new StoreError('UNUSABLE', problem)
  const lock = await lockFolder(folder)
  const watchdog = startWatchdog(folder, lock.path)
  async function leave() {
    watchdog.stop()
    await lock.release()
  }
  try {
    const driver = await openLocked(folder, watchdog, onProblem)
    return {
      ...driver,
      async close() {
        try {
          await driver.close()
        } finally {
          await leave()
        }
      },
    }
  } catch (error) {
    await leave()
    throw error
  }
}

async function openLocked(folder: string, watchdog: Watchdog, onProblem: (problem: string) => void): Promise<Driver> {
  const files = await makeFilesFolder(folder)
  const connection = await openFolder(folder)
  try {
    watchdog.watch(connection)
    closeToOthers(folder)
    const session = await openPgliteSession(connection)
    await session.alone(({ runScript }) => runScript(plannerSettings))
    const disk = await watchDisk(folder, async (problem) => {
      await allowWrites(session, problem === null)
      if (problem !== null) onProblem(problem)
    })
    const driver = pgliteDriver(session, files, disk)
    return {
      ...driver,
      exclusively: (work) => watchdog.unwatched(() => driver.exclusively(work)),
      async close() {
        disk.close()
        await closeSoon(session, connection)
      },
    }
  } catch (error) {
    await connection.terminate()
    throw error
  }
}

/** A database that hangs, for example on a full disk, must not prevent the process from ending. */
async function closeSoon(session: PgliteSession, connection: ThreadConnection) {
  const timer = setTimeout(() => void connection.terminate(), turnWithinMs)
  await session.alone(async () => {
    clearTimeout(timer)
    await connection.close()
  })
}

// Postgres itself knows best which statements write.
async function allowWrites(session: PgliteSession, isAllowed: boolean) {
  await session.alone(({ runScript }) => runScript(`SET default_transaction_read_only = ${isAllowed ? 'off' : 'on'}`))
}

async function makeFilesFolder(folder: string): Promise<string> {
  const files = join(folder, 'answers')
  await mkdir(files, { recursive: true, mode: 0o700 })
  return files
}

async function openFolder(folder: string): Promise<ThreadConnection> {
  const dataDir = join(folder, 'pglite')
  // This file exists while the data folder is being created. If it exists at a start, the data folder is incomplete.
  const unfinished = join(folder, 'pglite.unfinished')
  if (await exists(unfinished)) await rm(dataDir, { recursive: true, force: true })
  if (await exists(dataDir)) return openExisting(dataDir)

  await writeFile(unfinished, '')
  if (await hasTemplate()) await copyTemplate(dataDir)
  const connection = await openInThread(dataDir, onLost)
  await rm(unfinished)
  return connection
}

async function openExisting(dataDir: string): Promise<ThreadConnection> {
  try {
    // If PG_VERSION were missing, PGlite would create a new database over the rest of this one.
    await stat(join(dataDir, 'PG_VERSION'))
    return await openInThread(dataDir, onLost)
  } catch (error) {
    const [reason] = String(error).split('\n')
    const cure = 'restore a copy of DATA_DIR, or set another one'
    throw new StoreError(
      'UNUSABLE',
      `DATA_DIR: the database in ${dataDir} cannot be opened: ${cure} (${reason})`,
      error,
    )
  }
}

function onLost(error: Error) {
  endProcess(`the thread of the embedded database has ended (${error.message})`)
}

async function exists(path: string) {
  return (await stat(path).catch(() => null)) !== null
}

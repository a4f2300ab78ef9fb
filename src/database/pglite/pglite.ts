import { mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import type { Driver } from '../driver.ts'
import { StoreError } from '../error.ts'
import { plannerSettings } from '../planner.ts'
import { copyTemplate, hasTemplate } from '../template.ts'
import { lackOfRoom, watchDisk } from './disk.ts'
import { closeToOthers } from './folder-mode.ts'
import { lockFolder } from './lock.ts'
import { pgliteDriver } from './pglite-driver.ts'
import { startWatchdog } from './watchdog.ts'

export async function openPglite(folder: string, onProblem: (problem: string) => void): Promise<Driver> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const problem = await lackOfRoom(folder, !(await exists(join(folder, 'pglite', 'PG_VERSION'))))
  if (problem !== null) throw new StoreError('UNUSABLE', problem)
  const lock = await lockFolder(folder)
  const watchdog = await startWatchdog(folder, lock.path)
  async function leave() {
    await watchdog.stop()
    await lock.release()
  }
  try {
    const { pglite, files } = await watchdog.unwatched(() => openLocked(folder))
    const disk = await watchDisk(folder, async (problem) => {
      await allowWrites(pglite, problem === null)
      if (problem !== null) onProblem(problem)
    })
    const driver = pgliteDriver(pglite, files, disk)
    return {
      ...driver,
      exclusively: (work) => watchdog.unwatched(() => driver.exclusively(work)),
      async close() {
        disk.close()
        await driver.close()
        await leave()
      },
    }
  } catch (error) {
    await leave()
    throw error
  }
}

async function openLocked(folder: string) {
  const files = await makeFilesFolder(folder)
  const pglite = await openFolder(folder)
  closeToOthers(folder)
  await pglite.exec(plannerSettings)
  return { pglite, files }
}

// Postgres knows best what is a write.
async function allowWrites(pglite: PGlite, isAllowed: boolean) {
  await pglite.exec(`SET default_transaction_read_only = ${isAllowed ? 'off' : 'on'}`)
}

async function makeFilesFolder(folder: string): Promise<string> {
  const files = join(folder, 'answers')
  await mkdir(files, { recursive: true, mode: 0o700 })
  return files
}

async function openFolder(folder: string): Promise<PGlite> {
  const dataDir = join(folder, 'pglite')
  // Stands while the data folder is being made. Where it stands at a start, what it stands beside is half a folder.
  const unfinished = join(folder, 'pglite.unfinished')
  if (await exists(unfinished)) await rm(dataDir, { recursive: true, force: true })
  if (await exists(dataDir)) return openExisting(dataDir)

  await writeFile(unfinished, '')
  if (await hasTemplate()) await copyTemplate(dataDir)
  const pglite = await PGlite.create({ dataDir })
  await rm(unfinished)
  return pglite
}

async function openExisting(dataDir: string): Promise<PGlite> {
  try {
    // Without it, a new database would be made over what is left of this one.
    await stat(join(dataDir, 'PG_VERSION'))
    return await PGlite.create({ dataDir })
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

async function exists(path: string) {
  return (await stat(path).catch(() => null)) !== null
}

import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { constants, cp, mkdir, readFile, rename, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { migrate } from './migrate.ts'
import { packageRoot, readMigrations } from './migration-files.ts'
import { inProcessDriver } from './pglite/pglite-driver.ts'

/** Whether the build has made a template for this PGlite and these migrations. */
export async function hasTemplate(): Promise<boolean> {
  return existsSync(await templatePath())
}

/** Copies the template, a migrated and empty data folder, to this path. The caller makes sure that there is a template. */
export async function copyTemplate(dataDir: string): Promise<void> {
  await cp(await templatePath(), dataDir, { recursive: true, mode: constants.COPYFILE_FICLONE })
}

/** Creating a data folder takes seconds of CPU time and copying one takes a tenth of a second, so the build creates it once. */
export async function buildTemplate(): Promise<string> {
  const path = await templatePath()
  if (existsSync(path)) return path
  const part = `${path}.part`
  await rm(part, { recursive: true, force: true })
  await mkdir(dirname(path), { recursive: true })
  const pglite = await PGlite.create({ dataDir: part })
  await migrate(await inProcessDriver(pglite))
  // After a checkpoint there is nothing to recover when a copy is opened.
  await pglite.exec('CHECKPOINT')
  await pglite.close()
  await rename(part, path)
  return path
}

async function templatePath() {
  // The package exports only its entry, which is in the folder dist.
  const entry = createRequire(import.meta.url).resolve('@electric-sql/pglite')
  const { version } = JSON.parse(await readFile(join(dirname(entry), '..', 'package.json'), 'utf8'))
  const content = createHash('sha256').update(version)
  for (const { name, checksum } of await readMigrations()) content.update(`\n${name} ${checksum}`)
  return join(packageRoot, '.build', `pglite-${content.digest('hex').slice(0, 16)}`)
}

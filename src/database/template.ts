import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { migrate } from './migrate.ts'
import { packageRoot, readMigrations } from './migration-files.ts'
import { pgliteDriver } from './pglite/pglite-driver.ts'

/** A migrated, empty data folder, packed by the build. Null where none was built for this PGlite and these migrations. */
export async function readTemplate(): Promise<Blob | null> {
  try {
    return new Blob([await readFile(await templatePath())])
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

/** Creating a data folder takes seconds of CPU time, unpacking one a fraction: so it is done once, by the build. */
export async function buildTemplate(): Promise<string> {
  const path = await templatePath()
  if (existsSync(path)) return path
  const pglite = await PGlite.create()
  await migrate(pgliteDriver(pglite))
  const dump = await pglite.dumpDataDir('gzip')
  await pglite.close()
  await mkdir(dirname(path), { recursive: true })
  await writeFile(`${path}.part`, dump.stream())
  await rename(`${path}.part`, path)
  return path
}

async function templatePath() {
  // The package exports its entry alone, which lies in dist.
  const entry = createRequire(import.meta.url).resolve('@electric-sql/pglite')
  const { version } = JSON.parse(await readFile(join(dirname(entry), '..', 'package.json'), 'utf8'))
  const content = createHash('sha256').update(version)
  for (const { name, checksum } of await readMigrations()) content.update(`\n${name} ${checksum}`)
  return join(packageRoot, '.build', `pglite-${content.digest('hex').slice(0, 16)}.tar.gz`)
}

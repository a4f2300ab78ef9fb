import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, lstat, mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { type Database, openDatabase } from '../../src/database/database.ts'
import { migrate } from '../../src/database/migrate.ts'
import { diffToSchema } from '../../src/database/schema-engine.ts'
import { emptyFolder } from '../harness/empty-database.ts'
import { canMakeNamespaces, inNamespace } from '../harness/process-namespace.ts'
import { spawnServer } from '../harness/server.ts'

const holder = join(import.meta.dirname, '../harness/data-folder-holder.ts')
const opened: Database[] = []
const children: ChildProcess[] = []

afterEach(async () => {
  await Promise.all(opened.splice(0).map((database) => database.close()))
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

async function open(settings: Parameters<typeof openDatabase>[0]) {
  const database = await openDatabase(settings)
  opened.push(database)
  return database
}

/** A process that has the data folder open. */
async function startHolder(dataDir: string) {
  const child = fork(holder, [dataDir], { execArgv: ['--import', 'tsx'] })
  children.push(child)
  await once(child, 'message')
  return child
}

/** What users other than the owner may read, write or enter, of the folder and all in it. */
async function openToOthers(folder: string) {
  const paths = [folder, ...(await readdir(folder, { recursive: true })).map((name) => join(folder, name))]
  const modes = await Promise.all(paths.map(async (path) => ({ path, mode: (await lstat(path)).mode & 0o077 })))
  return modes.filter(({ mode }) => mode !== 0)
}

async function kill(child: ChildProcess) {
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

describe('an embedded database', () => {
  test('that is migrated agrees with schema.prisma', async () => {
    const database = await open(await emptyFolder())
    await migrate(database)
    expect(await database.exclusively(diffToSchema)).toBe('')
    await database.query('ALTER TABLE users DROP COLUMN name')
    expect(await database.exclusively(diffToSchema)).toContain('ADD COLUMN     "name"')
  })

  test('lets a query wait for the end of an open transaction', async () => {
    const { prisma, query } = await open(await emptyFolder())
    const order: string[] = []
    await prisma.$transaction(async (tx) => {
      void query('SELECT 1').then(() => order.push('query'))
      await tx.$queryRaw`SELECT 1`
      await tx.$queryRaw`SELECT 1`
      order.push('transaction')
    })
    await query('SELECT 1')
    expect(order).toEqual(['transaction', 'query'])
  })

  test('is made anew where its making was cut off', async () => {
    const settings = await emptyFolder()
    await mkdir(join(settings.dataDir, 'pglite'))
    await writeFile(join(settings.dataDir, 'pglite', 'PG_VERSION'), '18\n')
    await writeFile(join(settings.dataDir, 'pglite.unfinished'), '')
    const database = await open(settings)
    await migrate(database)
    expect(await database.prisma.user.count()).toBe(0)
  })
})

describe('an embedded database that cannot be opened', () => {
  test.each<[string, (folder: string) => Promise<void>]>([
    ['lacks its version', (folder) => rm(join(folder, 'PG_VERSION'))],
    ['has a damaged control file', (folder) => writeFile(join(folder, 'global', 'pg_control'), '')],
  ])('since it %s stops the start with one line, and stays as it is', async (_, damage) => {
    const settings = await emptyFolder()
    await (await openDatabase(settings)).close()
    const folder = join(settings.dataDir, 'pglite')
    await damage(folder)
    const files = await readdir(folder, { recursive: true })
    await expect(spawnServer({ DATA_DIR: settings.dataDir })).rejects.toThrow(
      /exited with 1: antiphon: DATA_DIR: the database in .*pglite cannot be opened: [^\n]*\n$/,
    )
    expect(await readdir(folder, { recursive: true })).toEqual(expect.arrayContaining(files))
  })
})

describe('a data folder', () => {
  test('that another process has is refused by the pid of that one', async () => {
    const settings = await emptyFolder()
    const other = await startHolder(settings.dataDir)
    await expect(openDatabase(settings)).rejects.toMatchObject({
      code: 'LOCKED',
      message: expect.stringMatching(new RegExp(`process ${other.pid} since \\d{4}-\\d\\d-\\d\\dT`)),
    })
  })

  // It takes a system and a user that can make them; the end of the run names it where they cannot.
  test.skipIf(!canMakeNamespaces())(
    'that a server in another container of the same host name has is refused',
    async () => {
      const { dataDir } = await emptyFolder()
      const settings = { DATA_DIR: dataDir }
      const first = await spawnServer(settings, inNamespace)
      await expect(spawnServer(settings, inNamespace)).rejects.toThrow(
        /exited with 1: antiphon: \S+ is in use by process 1 in another container or machine, named .*, since [^\n]*\n$/,
      )
      expect((await fetch(`${first.url}/readyz`)).status).toBe(200)
      await first.kill('SIGKILL')
      // The kernel may still be at the end of what was in there.
      await expect.poll(() => spawnServer(settings, inNamespace).then(() => 'serves', String)).toBe('serves')
    },
  )

  test('is refused also where its holder is stopped, and its path is longer than that of a socket may be', async () => {
    const { postgres, dataDir } = await emptyFolder()
    const settings = { postgres, dataDir: join(dataDir, 'm'.repeat(120)) }
    const other = await startHolder(settings.dataDir)
    other.kill('SIGSTOP')
    const [lock = ''] = (await readdir(settings.dataDir)).filter((name) => name.startsWith('lock.'))
    const longAgo = new Date(Date.now() - 3_600_000)
    await utimes(join(settings.dataDir, lock), longAgo, longAgo)
    await expect(openDatabase(settings)).rejects.toMatchObject({ code: 'LOCKED' })
    await kill(other)
    await (await open(settings)).check()
  })

  test('is closed to other users when it is made, and again at each start', async () => {
    const settings = await emptyFolder()
    await chmod(settings.dataDir, 0o777)
    await (await openDatabase(settings)).close()
    expect(await openToOthers(settings.dataDir)).toEqual([])

    const file = join(settings.dataDir, 'pglite', 'PG_VERSION')
    for (const path of [settings.dataDir, file]) await chmod(path, 0o777)
    await open(settings)
    expect(await openToOthers(settings.dataDir)).toEqual([])
  })

  test('is free again when its process was killed, even if another process has that pid now', async () => {
    const settings = await emptyFolder()
    await kill(await startHolder(settings.dataDir))
    const [lock] = (await readdir(settings.dataDir)).filter((name) => name.startsWith('lock.'))
    const path = join(settings.dataDir, String(lock))
    const left = JSON.parse(await readFile(path, 'utf8'))
    if (process.platform === 'linux') await writeFile(path, JSON.stringify({ ...left, pid: process.pid }))
    await (await open(settings)).check()
  })

  test.runIf(process.platform === 'linux')('is free again when its process was killed and stays unburied', async () => {
    const settings = await emptyFolder()
    // The sleep takes the shell's place, and never asks for the end of the shell's child.
    const script = '"$0" --import tsx "$1" "$2" & echo $!; exec sleep 60'
    const parent = spawn('sh', ['-c', script, process.execPath, holder, settings.dataDir])
    children.push(parent)
    const pid = Number(String(await once(parent.stdout, 'data')))
    await expect.poll(() => readdir(settings.dataDir), { timeout: 15_000 }).toContain('lock.1')
    process.kill(pid, 'SIGKILL')
    await expect.poll(() => readFile(`/proc/${pid}/stat`, 'utf8')).toContain(') Z ')
    await (await open(settings)).check()
  })

  test('is free again when it was closed, and leaves one small file behind', async () => {
    const settings = await emptyFolder()
    for (const round of [1, 2, 3]) {
      const database = await openDatabase(settings)
      await database.close()
      expect(await readdir(settings.dataDir)).toEqual(['answers', `lock.${round}`, 'pglite'])
    }
  })

  test('that five starts want at once goes to one of them', async () => {
    const settings = await emptyFolder()
    await kill(await startHolder(settings.dataDir))
    const starts = await Promise.allSettled(Array.from({ length: 5 }, () => open(settings)))
    const refused = starts.filter((start) => start.status === 'rejected')
    expect(refused.map((start) => start.reason.code)).toEqual(Array(4).fill('LOCKED'))
  })
})

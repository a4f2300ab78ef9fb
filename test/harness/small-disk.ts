import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, readdir, rm, rmdir, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** A disk in memory, for one test only. */
export interface SmallDisk {
  path: string
  /** Fills the disk at once, so that only this much stays free. */
  fillTo(freeBytes: number): Promise<void>
  clear(): Promise<void>
  remove(): Promise<void>
}

const run = promisify(execFile)

export function canMountDisks(): boolean {
  return spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0
}

export async function mountSmallDisk(folder: string, megabytes: number): Promise<SmallDisk> {
  const path = await mkdtemp(join(folder, 'disk-'))
  await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'none', path])
  let count = 0

  return {
    path,
    async fillTo(freeBytes) {
      // Another process may write to the disk after its free space was read. Then less is left to fill.
      for (;;) {
        const { bavail, bsize } = await statfs(path)
        const bytes = bavail * bsize - freeBytes
        if (bytes <= 0) return
        const filler = join(path, `filler-${count++}`)
        try {
          await run('fallocate', ['--length', String(bytes), filler])
          return
        } catch {
          await rm(filler, { force: true })
        }
      }
    },
    async clear() {
      for (const name of await readdir(path)) if (name.startsWith('filler-')) await rm(join(path, name))
    },
    async remove() {
      await run('umount', ['--lazy', path])
      await rmdir(path)
    },
  }
}

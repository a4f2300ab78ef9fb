import { chmodSync, lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Takes from everybody but this process's user what they may with the folder and all in it. */
export function closeToOthers(folder: string): void {
  closeOne(folder)
  for (const name of readdirSync(folder, { recursive: true })) closeOne(join(folder, String(name)))
}

function closeOne(path: string) {
  const status = lstatSync(path)
  if (status.isSymbolicLink() || (status.mode & 0o077) === 0) return
  try {
    chmodSync(path, status.mode & 0o700)
  } catch (error) {
    // A volume may belong to the system, as those of Kubernetes do. What we make in it is ours.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) throw error
  }
}

import { chmodSync, lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Removes all permissions on the folder and everything in it, except those of the owner, which is the user of this process. */
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
    // The folder may be a volume that belongs to the system, as in Kubernetes. The files that we create in it belong to our
    // user.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) throw error
  }
}

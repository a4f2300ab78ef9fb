import { accessSync, constants, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const debianPostgres = '/usr/lib/postgresql'

/**
 * Returns the path of an executable on this machine, from PATH or from the folder in which Debian keeps those of Postgres, or
 * null if there is none.
 */
export function findProgram(name: string): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...postgresFolders()]
  return folders.map((folder) => join(folder, name)).find(isExecutable) ?? null
}

function postgresFolders(): string[] {
  try {
    const newestFirst = readdirSync(debianPostgres).sort((a, b) => Number(b) - Number(a))
    return newestFirst.map((version) => join(debianPostgres, version, 'bin'))
  } catch {
    return []
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

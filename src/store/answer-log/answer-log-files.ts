import { closeSync, openSync, writeFileSync } from 'node:fs'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { validate as isUuid } from 'uuid'
import type { Database } from '../../database/database.ts'
import { toStoreError } from '../../database/error.ts'
import { type AnswerLog, createAnswerLog, type LogEntry } from './answer-log.ts'

/**
 * The answer log beside the embedded database, which no other process reads: a file for each active completion. When a write
 * returns, the kernel has the data, so it survives a crash of this process like a commit, and it costs less CPU than a
 * statement of PGlite. There is no lease to renew, because the lock on the folder keeps other processes out.
 */
export function createAnswerLogFiles(folder: string, database: Database): AnswerLog {
  // A server of an older version wrote to the table. If it was killed, its entries are still read from there, and removed.
  const table = createAnswerLog(database)
  const open = new Map<string, number>()
  const pathOf = (completionId: string) => join(folder, completionId)

  function fileOf(completionId: string): number {
    const file = open.get(completionId) ?? openSync(pathOf(completionId), 'a', 0o600)
    open.set(completionId, file)
    return file
  }

  return {
    hiddenMs: 0,
    async append(_replicaId, _leaseMs, entries) {
      try {
        for (const { completionId, sequence, delta } of entries) {
          // The line break is written first, so that a line that was cut short does not spoil the next one.
          writeFileSync(fileOf(completionId), `\n[${sequence},${delta}]`)
        }
      } catch (error) {
        throw toStoreError(error)
      }
      return true
    },
    async since(offsets) {
      const read = offsets.map(async ({ completionId, sequence }) => {
        const lines = await readLines(pathOf(completionId))
        return entriesOf(completionId, lines).filter((entry) => entry.sequence > sequence)
      })
      const entries = (await Promise.all(read)).flat()
      const known = new Set(entries.map(({ completionId }) => completionId))
      return [...entries, ...(await table.since(offsets.filter(({ completionId }) => !known.has(completionId))))]
    },
    close(completionId) {
      const file = open.get(completionId)
      open.delete(completionId)
      if (file !== undefined) closeSync(file)
      // A file that cannot be deleted is deleted by the next pruning.
      rm(pathOf(completionId), { force: true }).catch(() => {})
    },
    async erase(completionId) {
      await rm(pathOf(completionId), { force: true })
      await table.erase(completionId)
    },
    async prune(endedBefore) {
      await table.prune(endedBefore)
      const ids = (await readdir(folder)).filter((id) => isUuid(id) && !open.has(id))
      const unfinished = await database.prisma.completion.findMany({
        where: { id: { in: ids }, finishedAt: null },
        select: { id: true },
      })
      const kept = new Set(unfinished.map(({ id }) => id))
      for (const id of ids) if (!kept.has(id)) await rm(pathOf(id), { force: true })
    },
  }
}

async function readLines(path: string): Promise<string[]> {
  try {
    return (await readFile(path, 'utf8')).split('\n')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw toStoreError(error)
  }
}

/**
 * Returns the entries in their order. Remains of a failed write are skipped, and an entry that was written again comes once.
 */
function entriesOf(completionId: string, lines: readonly string[]): LogEntry[] {
  const entries: LogEntry[] = []
  for (const line of lines) {
    const entry = readLine(line)
    if (entry?.sequence === entries.length + 1) entries.push({ completionId, ...entry })
  }
  return entries
}

function readLine(line: string): { sequence: number; delta: string } | null {
  try {
    const [sequence, deltas] = JSON.parse(line)
    return { sequence, delta: JSON.stringify(deltas) }
  } catch {
    return null
  }
}

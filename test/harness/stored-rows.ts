import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readSettings } from '../../src/config.ts'
import { openDatabase } from '../../src/database/database.ts'
import type { Environment } from './server-process.ts'

/** All that a database has, by table and row, when no server has it open; with it the files of the embedded one's log. */
export async function storedRows(settings: Environment): Promise<{ table: string; row: string }[]> {
  const { query, close, folder } = await openDatabase(readSettings(settings))
  const tables = await query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`,
  )
  const rows: { table: string; row: string }[] = []
  for (const { name } of tables) {
    for (const { row } of await query<{ row: string }>(`SELECT to_json(t)::text AS row FROM "${name}" t`)) {
      rows.push({ table: name, row })
    }
  }
  await close()
  const files = folder === null ? [] : await readdir(folder)
  return [...rows, ...files.map((file) => ({ table: 'answer_log', row: join(folder ?? '', file) }))]
}

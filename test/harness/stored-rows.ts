import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readSettings } from '../../src/config.ts'
import { openDatabase } from '../../src/database/database.ts'
import type { Environment } from './server-process.ts'

/** Returns everything in a database that no server has open, by table and row, and the files of the embedded database's log. */
export async function storedRows(settings: Environment): Promise<{ table: string; row: string }[]> {
  const { query, close, folder } = await openDatabase(readSettings(settings))
  const tables = (await query(
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`,
  )) as { name: string }[]
  const rows: { table: string; row: string }[] = []
  for (const { name } of tables) {
    const own = (await query(`SELECT to_json(t)::text AS row FROM "${name}" t`)) as { row: string }[]
    rows.push(...own.map(({ row }) => ({ table: name, row })))
  }
  await close()
  const files = folder === null ? [] : await readdir(folder)
  return [...rows, ...files.map((file) => ({ table: 'answer_log', row: join(folder ?? '', file) }))]
}

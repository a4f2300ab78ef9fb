import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, describe, expect, inject, test } from 'vitest'
import { knownStatements } from '../../src/database/statement.ts'
// It imports all that has statements.
import '../../src/store/store.ts'
import { type Preparing, preparingPglite, preparingPostgres } from '../harness/describe-statement.ts'

const databases: [name: string, open: () => Promise<Preparing>][] = [
  ['the embedded database', preparingPglite],
  ...(inject('postgres') === null
    ? []
    : [['Postgres', preparingPostgres] satisfies [string, typeof preparingPostgres]]),
]

const headOf = (text: string) => text.trim().slice(0, 60)

describe.each(databases)('a migrated database (%s)', async (_, open) => {
  const database = await open()
  afterAll(() => database.close())

  test.each([...knownStatements].map(([text, columns]) => [headOf(text), text, columns] as const))(
    'prepares a statement and gives the columns that its row type has: %s',
    async (_head, text, columns) => {
      const found = await database.prepare(text)
      if (columns !== null) expect(found).toEqual(columns)
    },
  )
})

test('the store sends no SQL that is not among these statements', () => {
  const folder = new URL('../../src/store/', import.meta.url)
  const sending = /\b(?:query|queryEnding|send|read|\w*Raw(?:Unsafe)?)(?:<[^(\n]*>)?\(\s*[`'"]|\$(?:query|execute)Raw`/
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  const loose = files.filter((file) => sending.test(readFileSync(new URL(file, folder), 'utf8')))
  expect(loose).toEqual([])
  expect(knownStatements.size).toBeGreaterThan(50)
})

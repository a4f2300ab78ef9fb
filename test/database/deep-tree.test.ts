import { v7 as uuid } from 'uuid'
import { afterAll, describe, expect, inject, test } from 'vitest'
import { type Database, openDatabase } from '../../src/database/database.ts'
import { migrate } from '../../src/database/migrate.ts'
import { removeSql, siblingsSql } from '../../src/store/message-sql.ts'
import { endOfPathSql, pathSummarySql, pathsSql } from '../../src/store/path-sql.ts'
import { createStore } from '../../src/store/store.ts'
import { emptyFolder, emptyPostgres } from '../harness/empty-database.ts'

const trunkLength = 4_000
const branchCount = 500

const opened: Database[] = []
afterAll(() => Promise.all(opened.map((database) => database.close())))

/** A node of a plan, as EXPLAIN tells it in JSON. */
interface Plan {
  'Node Type': string
  'Relation Name'?: string
  'Actual Rows': number
  'Actual Loops': number
  'Rows Removed by Filter'?: number
  Plans?: Plan[]
}

/** What a plan does with the table of messages. */
function readsIn(plan: Plan): { how: string; rows: number }[] {
  const below = (plan.Plans ?? []).flatMap(readsIn)
  if (plan['Relation Name'] !== 'messages') return below
  const rows = (plan['Actual Rows'] + (plan['Rows Removed by Filter'] ?? 0)) * plan['Actual Loops']
  return [{ how: plan['Node Type'], rows }, ...below]
}

describe.each(inject('postgres') ? (['pglite', 'postgres'] as const) : (['pglite'] as const))(
  '5,000 messages on %s',
  async (kind) => {
    const database = await openDatabase(await (kind === 'pglite' ? emptyFolder : emptyPostgres)())
    opened.push(database)
    await migrate(database)
    const { messages } = createStore(database)
    const conversationId = uuid()
    const ids = Array.from({ length: trunkLength + 2 * branchCount }, () => uuid())
    const trunk = ids.slice(0, trunkLength)
    const leafId = trunk.at(-1) ?? ''
    const parentOf = (index: number) => {
      if (index < trunkLength || index % 2 === 1) return ids[index - 1]
      return trunk[(index * 7) % trunkLength]
    }
    await database.query('INSERT INTO conversations (id) VALUES ($1)', [conversationId])
    await database.query(
      `INSERT INTO messages (id, conversation_id, parent_id, role, content, status)
     SELECT id, $1, parent_id, (CASE number WHEN 2000 THEN 'SYSTEM' ELSE 'USER' END)::message_role, number, 'COMPLETE'
     FROM unnest($2::uuid[], $3::uuid[]) WITH ORDINALITY AS m(id, parent_id, number)`,
      [conversationId, ids, ids.map((_, index) => (index === 0 ? null : parentOf(index)))],
    )
    await database.query('ANALYZE')

    async function reads(text: string, values: readonly unknown[]) {
      const explain = `EXPLAIN (ANALYZE, FORMAT JSON) ${text}`
      const [row] = (await database.query(explain, values)) as { 'QUERY PLAN': [{ Plan: Plan }] }[]
      const all = row === undefined ? [] : readsIn(row['QUERY PLAN'][0].Plan)
      return { ways: new Set(all.map(({ how }) => how)), rows: all.reduce((sum, { rows }) => sum + rows, 0) }
    }

    const whole = { conversationId, leafId, after: null, before: null, first: null, last: null }
    const depths = [0, 1, 7, 1_000, 2_047, 3_333, trunkLength - 2]

    test.each(depths)('a page after and a page before depth %i are what stands there', async (depth) => {
      const [after, before] = await messages.paths([
        { ...whole, after: trunk[depth] ?? '', first: 50 },
        { ...whole, before: trunk[depth] ?? '', last: 50 },
      ])
      expect(after?.messages.map(({ id }) => id)).toEqual(trunk.slice(depth + 1, depth + 51))
      expect(before?.messages.map(({ id }) => id)).toEqual(trunk.slice(Math.max(0, depth - 50), depth))
    })

    test.each(depths)('such a page reads few rows, by the index', async (depth) => {
      for (const [after, before] of [
        [trunk[depth], null],
        [null, trunk[depth]],
      ]) {
        const { ways, rows } = await reads(pathsSql, [
          [conversationId],
          [leafId],
          [after],
          [before],
          [after === null],
          [51],
          8_000_000,
        ])
        expect([...ways].filter((way) => !way.startsWith('Index'))).toEqual([])
        // The page twice, as ids and as text, and twice some 2 log2(4,000) steps.
        expect(rows).toBeLessThan(51 * 2 + 4 * 24)
      }
    })

    test.each(depths)('a page at a deleted message that stood below depth %i is found as fast', async (depth) => {
      const gone = uuid()
      await database.query(
        `INSERT INTO messages (id, conversation_id, parent_id, role, status, deleted_at)
         VALUES ($1, $2, $3, 'USER', 'COMPLETE', now())`,
        [gone, conversationId, trunk[depth]],
      )
      const [after, before] = await messages.paths([
        { ...whole, after: gone, first: 50 },
        { ...whole, before: gone, last: 50 },
      ])
      expect(after?.messages.map(({ id }) => id)).toEqual(trunk.slice(depth + 1, depth + 51))
      expect(before?.messages.map(({ id }) => id)).toEqual(trunk.slice(Math.max(0, depth - 49), depth + 1))
      for (const bounds of [
        [[gone], [null], [false]],
        [[null], [gone], [true]],
      ]) {
        const { rows } = await reads(pathsSql, [[conversationId], [leafId], ...bounds, [51], 8_000_000])
        // Its own steps, those to its parent, and what is beside it.
        expect(rows).toBeLessThan(51 * 2 + 4 * 24 + 2 * 24)
      }
    })

    test('the length of a path, and what always stays of it, are told without reading it', async () => {
      const bounds = { messages: 100, bytes: 10_000 }
      const pathSummary = await messages.pathSummary(leafId, bounds)
      expect(pathSummary).toMatchObject({ length: trunkLength, instructions: [{ id: trunk[1999] }] })
      expect(await messages.pathSummary(trunk[1998] ?? '', bounds)).toEqual({ length: 1999, instructions: [] })
      expect((await reads(pathSummarySql, [leafId, 100, 10_000])).rows).toBeLessThan(100)
    })

    test('the end of a path is read without the rest, as far as the bounds allow', async () => {
      const last = async (count: number, bytes: number) =>
        (await messages.endOfPath(leafId, { messages: count, bytes })).map(({ id }) => id)
      expect(await last(50, 1_000_000)).toEqual(trunk.slice(-50))
      // Each has the four digits of its number.
      expect(await last(50, 40)).toEqual(trunk.slice(-10))
      expect((await reads(endOfPathSql, [leafId, 50, 1_000_000])).rows).toBeLessThan(51 * 2 + 4)
    })

    test('the siblings of a message, and of the root, are found without reading the conversation', async () => {
      const values = [[conversationId, conversationId], [null, trunk[1999]], 200]
      expect((await reads(siblingsSql, values)).rows).toBeLessThan(20)
    })

    test('whoever stood on a deleted root goes to the newest message, without reading the conversation', async () => {
      const [userId, rootId] = [uuid(), uuid()]
      await database.query('INSERT INTO users (id, subject) VALUES ($1::uuid, $1)', [userId])
      await database.query(
        `INSERT INTO messages (id, conversation_id, role, status) VALUES ($1, $2, 'USER', 'COMPLETE')`,
        [rootId, conversationId],
      )
      await database.query(
        `INSERT INTO participants (conversation_id, user_id, role, current_leaf_id) VALUES ($1, $2, 'OWNER', $3)`,
        [conversationId, userId, rootId],
      )
      const { ways, rows } = await reads(removeSql, [conversationId, userId, rootId])
      expect([...ways].filter((way) => !way.startsWith('Index') && way !== 'ModifyTable')).toEqual([])
      expect(rows).toBeLessThan(20)
      const stands = 'SELECT current_leaf_id AS "leafId" FROM participants WHERE user_id = $1'
      expect(await database.query(stands, [userId])).toEqual([{ leafId: ids.at(-1) }])
    })
  },
)

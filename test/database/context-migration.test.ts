import { randomUUID } from 'node:crypto'
import { PGlite } from '@electric-sql/pglite'
import { afterAll, expect, inject, test } from 'vitest'
import { openDatabase } from '../../src/database/database.ts'
import { migrate } from '../../src/database/migrate.ts'
import { readMigrations } from '../../src/database/migration-files.ts'
import { inProcessDriver } from '../../src/database/pglite/pglite-driver.ts'
import { applyMigrations } from '../../src/database/schema-engine.ts'
import { emptyPostgres } from '../harness/empty-database.ts'

const opened: { close(): Promise<void> }[] = []
afterAll(() => Promise.all(opened.map((database) => database.close())))

test.each(inject('postgres') ? (['pglite', 'postgres'] as const) : (['pglite'] as const))(
  'a report of a context from before keeps its numbers, and the newest of its messages, on %s',
  async (kind) => {
    // A new data folder would be migrated, since it is a copy of the build's.
    const isEmbedded = kind === 'pglite'
    const database = await (isEmbedded ? inProcessDriver(await PGlite.create()) : openDatabase(await emptyPostgres()))
    opened.push(database)
    const migrations = await readMigrations()
    const first = migrations.findIndex(({ name }) => name.endsWith('_context_messages'))
    await database.exclusively((adapter) => applyMigrations(adapter, migrations.slice(0, first)))
    const [userId, id] = [randomUUID(), randomUUID()]
    const messageIds = Array.from({ length: 300 }, () => randomUUID())
    const report = { strategy: 'FULL', promptTokens: 1_500, limit: null, omittedCount: 0 }
    await database.query('INSERT INTO users (id, subject) VALUES ($1::uuid, $1)', [userId])
    await database.query(
      `INSERT INTO completions (id, requester_id, stored, status, cancel_when_unwatched, model, parameters, metadata, context)
       VALUES ($1, $2, true, 'COMPLETED', false, 'mole-1', '{}', '[]', $3::jsonb)`,
      [id, userId, JSON.stringify({ ...report, messageIds })],
    )
    await migrate(database)
    const [completion] = await database.query(
      'SELECT context, context_message_ids AS "messageIds" FROM completions WHERE id = $1',
      [id],
    )
    expect(completion).toEqual({ context: { ...report, messagesCount: 300 }, messageIds: messageIds.slice(-200) })
  },
)

import { PrismaPg } from '@prisma/adapter-pg'
import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils'
import type pg from 'pg'

/** Prisma's adapter, changed so that it works in the schema of the sessions and sends a script as a whole. */
export function createPostgresAdapter(pool: pg.Pool): SqlMigrationAwareDriverAdapterFactory {
  const factory = new PrismaPg(pool)
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connectToShadowDb: () => factory.connectToShadowDb(),
    async connect() {
      // Prisma writes a schema before each name, and uses `public` if no schema is given.
      const { rows } = await pool.query<{ schemaName: string }>('SELECT current_schema() AS "schemaName"')
      const adapter = await factory.connect()
      adapter.getConnectionInfo = () => ({ supportsRelationJoins: true, ...rows[0] })
      // The adapter's own method would split the script at every semicolon, even inside strings and comments.
      adapter.executeScript = async (sql) => {
        await adapter.executeRaw({ sql, args: [], argTypes: [] })
      }
      return adapter
    },
  }
}

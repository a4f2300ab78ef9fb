import { PrismaPg } from '@prisma/adapter-pg'
import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils'
import type pg from 'pg'

/** Prisma's adapter, which works in the schema of the sessions and hands a script over whole. */
export function createPostgresAdapter(pool: pg.Pool): SqlMigrationAwareDriverAdapterFactory {
  const factory = new PrismaPg(pool)
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connectToShadowDb: () => factory.connectToShadowDb(),
    async connect() {
      // Prisma writes a schema before each name, and takes `public` where it is told of none.
      const { rows } = await pool.query<{ schemaName: string }>('SELECT current_schema() AS "schemaName"')
      const adapter = await factory.connect()
      adapter.getConnectionInfo = () => ({ supportsRelationJoins: true, ...rows[0] })
      // Its own would cut the script at every semicolon, in texts and comments too.
      adapter.executeScript = async (sql) => {
        await adapter.executeRaw({ sql, args: [], argTypes: [] })
      }
      return adapter
    },
  }
}

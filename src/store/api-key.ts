import type { Database } from '../database/database.ts'

export interface ApiKey {
  id: string
  userId: string
  name: string
  /** What the key begins with. */
  prefix: string
  createdAt: Date
  lastUsedAt: Date | null
  expiresAt: Date | null
  revokedAt: Date | null
}

export interface NewApiKey extends Pick<ApiKey, 'id' | 'userId' | 'name' | 'prefix' | 'expiresAt'> {
  hash: string
  /** The key that signed its maker in; null where something else did. */
  madeById: string | null
}

/** What signs in by a key. */
export interface KeyHolder {
  id: string
  hash: string
  expiresAt: Date | null
  /** Its last use was noted some time ago, or never. */
  isUseDue: boolean
  /** of its user */
  subject: string
}

export interface ApiKeys {
  /** False, and nothing written, where the user has `most` usable keys, or the key that makes it was revoked meanwhile. */
  create(key: NewApiKey, most: number): Promise<boolean>
  find(userId: string, ids: readonly string[]): Promise<ApiKey[]>
  /** The latest first, but those that can be used before all others. */
  ofUser(userId: string, most: number): Promise<ApiKey[]>
  /**
   * For good, with all keys that it made and that those made: the time of the first revocation stays. Gives the ids of
   * those that were usable until now.
   */
  revoke(userId: string, id: string): Promise<string[]>
  /** null where there is none, or none that can be used now. */
  holder(prefix: string): Promise<KeyHolder | null>
  noteUse(id: string): Promise<void>
  /** Of these, those that cannot be used any more. */
  revoked(ids: readonly string[]): Promise<string[]>
}

const columns = `id, user_id AS "userId", name, prefix, created_at AS "createdAt", last_used_at AS "lastUsedAt",
  expires_at AS "expiresAt", revoked_at AS "revokedAt"`
const isUsable = 'revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())'
const isUseDue = `(last_used_at IS NULL OR last_used_at < now() - interval '1 minute')`

const holderSql = `
  SELECT api_keys.id, hash, expires_at AS "expiresAt", ${isUseDue} AS "isUseDue", subject
  FROM api_keys JOIN users ON users.id = user_id WHERE prefix = $1 AND ${isUsable}`

const revokeSql = `
  WITH RECURSIVE family AS (
    SELECT id FROM api_keys WHERE user_id = $1::uuid AND id = $2::uuid
    UNION SELECT made.id FROM api_keys made JOIN family ON made.made_by_id = family.id
  )
  UPDATE api_keys SET revoked_at = now() FROM family
  WHERE api_keys.id = family.id AND revoked_at IS NULL RETURNING api_keys.id`

const revokedSql = `
  SELECT asked.id FROM unnest($1::uuid[]) AS asked (id)
  WHERE NOT EXISTS (SELECT FROM api_keys WHERE api_keys.id = asked.id AND revoked_at IS NULL)`

export function createApiKeys({ prisma, query }: Database): ApiKeys {
  return {
    async create({ id, userId, name, prefix, hash, expiresAt, madeById }, most) {
      // What makes and revokes a user's keys waits for its turn, so that none is counted too late or left out.
      const [, written] = await prisma.$transaction([
        prisma.$executeRaw`SELECT id FROM users WHERE id = ${userId}::uuid FOR NO KEY UPDATE`,
        prisma.$executeRaw`
          INSERT INTO api_keys (id, user_id, name, prefix, hash, expires_at, made_by_id)
          SELECT ${id}::uuid, ${userId}::uuid, ${name}, ${prefix}, ${hash}, ${expiresAt}::timestamptz, ${madeById}::uuid
          WHERE NOT EXISTS (SELECT FROM api_keys WHERE id = ${madeById}::uuid AND revoked_at IS NOT NULL) AND (SELECT count(*) FROM api_keys WHERE user_id = ${userId}::uuid AND revoked_at IS NULL
            AND (expires_at IS NULL OR expires_at > now())) < ${most}`,
      ])
      return written === 1
    },
    find: (userId, ids) =>
      query(`SELECT ${columns} FROM api_keys WHERE user_id = $1 AND id = ANY($2::uuid[])`, [userId, ids]),
    ofUser(userId, most) {
      const order = `(${isUsable}) DESC, created_at DESC, id DESC`
      return query(`SELECT ${columns} FROM api_keys WHERE user_id = $1 ORDER BY ${order} LIMIT $2`, [userId, most])
    },
    async revoke(userId, id) {
      // As `create` does: one after the other.
      const [, revoked] = await prisma.$transaction([
        prisma.$executeRaw`SELECT id FROM users WHERE id = ${userId}::uuid FOR NO KEY UPDATE`,
        prisma.$queryRawUnsafe<{ id: string }[]>(revokeSql, userId, id),
      ])
      return revoked.map((key) => key.id)
    },
    async holder(prefix) {
      const [found] = await query<KeyHolder>(holderSql, [prefix])
      return found ?? null
    },
    async noteUse(id) {
      await query(`UPDATE api_keys SET last_used_at = now() WHERE id = $1 AND ${isUseDue}`, [id])
    },
    async revoked(ids) {
      return (await query<{ id: string }>(revokedSql, [ids])).map(({ id }) => id)
    },
  }
}

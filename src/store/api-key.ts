import type { Database } from '../database/database.ts'
import { type Columns, listOf, statement } from '../database/statement.ts'

export interface ApiKey {
  id: string
  userId: string
  name: string
  /** The beginning of the key. */
  prefix: string
  createdAt: Date
  lastUsedAt: Date | null
  expiresAt: Date | null
  revokedAt: Date | null
}

export interface NewApiKey extends Pick<ApiKey, 'id' | 'userId' | 'name' | 'prefix' | 'expiresAt'> {
  hash: string
  /** The key with which its creator was signed in; null if they were not signed in with a key. */
  madeById: string | null
}

/** A key that can be used, with its user. */
export interface KeyHolder {
  id: string
  hash: string
  expiresAt: Date | null
  /** The last use was recorded more than a minute ago or never, so that a use should be recorded now. */
  isUseDue: boolean
  /** The subject of the key's user. */
  subject: string
}

export interface ApiKeys {
  /**
   * Resolves with false, and writes nothing, if the user already has `most` usable keys, or if the key with which it is created
   * was revoked meanwhile.
   */
  create(key: NewApiKey, most: number): Promise<boolean>
  find(userId: string, ids: readonly string[]): Promise<ApiKey[]>
  /** Usable keys come before the others, and in each group the latest comes first. */
  ofUser(userId: string, most: number): Promise<ApiKey[]>
  /**
   * Revokes a key, all keys that were created with it, and all keys that were created with those. The time of a first
   * revocation stays. Resolves with the ids of the keys that were not revoked before.
   */
  revoke(userId: string, id: string): Promise<string[]>
  /** Resolves with null if no key with this prefix can be used now. */
  holder(prefix: string): Promise<KeyHolder | null>
  noteUse(id: string): Promise<void>
  /** Returns the ids of those of the keys that were revoked or do not exist any more. */
  revoked(ids: readonly string[]): Promise<string[]>
}

const columns: Columns<ApiKey> = {
  id: 'text',
  userId: 'text',
  name: 'text',
  prefix: 'text',
  createdAt: 'time',
  lastUsedAt: 'time',
  expiresAt: 'time',
  revokedAt: 'time',
}
const selectKeys = `SELECT ${listOf('api_keys', columns)} FROM api_keys WHERE user_id = $1`
const isUsable = 'revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())'
const isUseDue = `(last_used_at IS NULL OR last_used_at < now() - interval '1 minute')`

const findSql = statement<ApiKey>(`${selectKeys} AND id = ANY($2::uuid[])`, columns)
const ofUserSql = statement<ApiKey>(
  `${selectKeys} ORDER BY (${isUsable}) DESC, created_at DESC, id DESC LIMIT $2`,
  columns,
)

// Statements that create and revoke keys of a user run one after the other, so that no key is counted too late or missed.
const lockUserSql = statement('SELECT id FROM users WHERE id = $1::uuid FOR NO KEY UPDATE')

const createSql = statement(`
  INSERT INTO api_keys (id, user_id, name, prefix, hash, expires_at, made_by_id)
  SELECT $1::uuid, $2::uuid, $3, $4, $5, $6::timestamptz, $7::uuid
  WHERE NOT EXISTS (SELECT FROM api_keys WHERE id = $7::uuid AND revoked_at IS NOT NULL)
    AND (SELECT count(*) FROM api_keys WHERE user_id = $2::uuid AND ${isUsable}) < $8`)

const holderSql = statement<KeyHolder>(
  `
  SELECT api_keys.id, hash, expires_at AS "expiresAt", ${isUseDue} AS "isUseDue", subject
  FROM api_keys JOIN users ON users.id = user_id WHERE prefix = $1 AND ${isUsable}`,
  { id: 'text', hash: 'text', expiresAt: 'time', isUseDue: 'boolean', subject: 'text' },
)

const revokeSql = statement<{ id: string }>(
  `
  WITH RECURSIVE family AS (
    SELECT id FROM api_keys WHERE user_id = $1::uuid AND id = $2::uuid
    UNION SELECT made.id FROM api_keys made JOIN family ON made.made_by_id = family.id
  )
  UPDATE api_keys SET revoked_at = now() FROM family
  WHERE api_keys.id = family.id AND revoked_at IS NULL RETURNING api_keys.id`,
  { id: 'text' },
)

const noteUseSql = statement(`UPDATE api_keys SET last_used_at = now() WHERE id = $1 AND ${isUseDue}`)

const revokedSql = statement<{ id: string }>(
  `
  SELECT asked.id FROM unnest($1::uuid[]) AS asked (id)
  WHERE NOT EXISTS (SELECT FROM api_keys WHERE api_keys.id = asked.id AND revoked_at IS NULL)`,
  { id: 'text' },
)

export function createApiKeys({ prisma, query }: Database): ApiKeys {
  return {
    async create({ id, userId, name, prefix, hash, expiresAt, madeById }, most) {
      const [, written] = await prisma.$transaction([
        prisma.$executeRawUnsafe(lockUserSql, userId),
        prisma.$executeRawUnsafe(createSql, id, userId, name, prefix, hash, expiresAt, madeById, most),
      ])
      return written === 1
    },
    find: (userId, ids) => query(findSql, [userId, ids]),
    ofUser: (userId, most) => query(ofUserSql, [userId, most]),
    async revoke(userId, id) {
      // Takes the same lock as `create`.
      const [, revoked] = await prisma.$transaction([
        prisma.$executeRawUnsafe(lockUserSql, userId),
        prisma.$queryRawUnsafe<{ id: string }[]>(revokeSql, userId, id),
      ])
      return revoked.map((key) => key.id)
    },
    async holder(prefix) {
      const [found] = await query(holderSql, [prefix])
      return found ?? null
    },
    async noteUse(id) {
      await query(noteUseSql, [id])
    },
    async revoked(ids) {
      return (await query(revokedSql, [ids])).map(({ id }) => id)
    },
  }
}

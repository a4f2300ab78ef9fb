import { v7 as uuid } from 'uuid'
import type { Bus } from '../../bus/bus.ts'
import type { ApiKey } from '../../store/api-key.ts'
import type { Store } from '../../store/store.ts'
import { storableText } from '../../stream/text.ts'
import { invalidInput, notFound } from './error.ts'
import type { User } from './viewer.ts'

export type { ApiKey } from '../../store/api-key.ts'

export interface ApiKeyInput {
  name: string
  expiresAt?: Date | null
}

/** What signed the viewer in, where that is an API key. */
export interface SigningKey {
  id: string
  expiresAt: Date | null
}

/** A key that nobody else has or can guess. */
export type MintKey = () => { secret: string; prefix: string; hash: string }

export interface ApiKeys {
  /** Of these, the viewer's own. */
  find(viewer: User, ids: readonly string[]): Promise<ApiKey[]>
  /** The viewer's own, where the viewer is among these users; the latest first. */
  ofUsers(viewer: User, userIds: readonly string[]): Promise<Map<string, ApiKey[]>>
  /**
   * Throws ChatError. The secret is known here alone. A key that a key makes ends with that key, at its end or its
   * revocation, or sooner.
   */
  create(viewer: User, input: ApiKeyInput, maker: SigningKey | null): Promise<{ apiKey: ApiKey; secret: string }>
  /** Whoever is signed in by it is sent away. Throws ChatError. */
  revoke(viewer: User, id: string): Promise<ApiKey>
}

const maxNameLength = 100
/** that can be used */
const maxUsableKeys = 100
/** with those that were revoked or have expired */
const maxListedKeys = 200

function checkedName(input: string): string {
  const name = storableText(input.trim())
  if (name === '' || name.length > maxNameLength)
    throw invalidInput('input.name', `takes 1 to ${maxNameLength} characters`)
  return name
}

function checkedEnd(given: Date | null, maker: SigningKey | null): Date | null {
  const latest = maker?.expiresAt ?? null
  const expiresAt = given ?? latest
  if (expiresAt !== null && expiresAt.getTime() <= Date.now()) {
    throw invalidInput('input.expiresAt', 'takes a time in the future')
  }
  if (expiresAt !== null && latest !== null && expiresAt > latest) {
    const end = latest.toISOString()
    throw invalidInput('input.expiresAt', `takes a time up to ${end}, when the key that you are signed in with expires`)
  }
  return expiresAt
}

export function createApiKeys({ apiKeys }: Store, bus: Bus, mint: MintKey): ApiKeys {
  async function own(viewer: User, id: string): Promise<ApiKey> {
    const [found] = await apiKeys.find(viewer.id, [id])
    if (found === undefined) throw notFound('API key')
    return found
  }

  return {
    find: (viewer, ids) => apiKeys.find(viewer.id, ids),
    async ofUsers(viewer, userIds) {
      return new Map(userIds.includes(viewer.id) ? [[viewer.id, await apiKeys.ofUser(viewer.id, maxListedKeys)]] : [])
    },
    async create(viewer, input, maker) {
      const { secret, prefix, hash } = mint()
      const [name, expiresAt] = [checkedName(input.name), checkedEnd(input.expiresAt ?? null, maker)]
      const key = { id: uuid(), userId: viewer.id, name, prefix, hash, expiresAt, madeById: maker?.id ?? null }
      if (!(await apiKeys.create(key, maxUsableKeys))) {
        throw invalidInput('input', `you have ${maxUsableKeys} keys, which is as many as anybody can; revoke one first`)
      }
      return { apiKey: await own(viewer, key.id), secret }
    },
    async revoke(viewer, id) {
      const revoked = await apiKeys.revoke(viewer.id, id)
      const key = await own(viewer, id)
      bus.publish('revoked', [id, ...revoked.filter((other) => other !== id)])
      return key
    },
  }
}

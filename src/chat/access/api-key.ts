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

/** The API key that the viewer is signed in with. */
export interface SigningKey {
  id: string
  expiresAt: Date | null
}

/** Makes a random key that cannot be guessed. */
export type MintKey = () => { secret: string; prefix: string; hash: string }

export interface ApiKeys {
  /** Finds those of these keys that belong to the viewer. */
  find(viewer: User, ids: readonly string[]): Promise<ApiKey[]>
  /**
   * The keys of the viewer, usable keys first and then the latest first, if the viewer is one of these users. Keys of other
   * users are not visible.
   */
  ofUsers(viewer: User, userIds: readonly string[]): Promise<Map<string, ApiKey[]>>
  /**
   * The returned secret is stored nowhere. If the viewer is signed in with a key, the new key expires no later than that one,
   * and is revoked with it. Throws ChatError.
   */
  create(viewer: User, input: ApiKeyInput, maker: SigningKey | null): Promise<{ apiKey: ApiKey; secret: string }>
  /** Also closes the connections that were opened with the key. Throws ChatError. */
  revoke(viewer: User, id: string): Promise<ApiKey>
}

const maxNameLength = 100
/** keys of a user that can be used */
const maxUsableKeys = 100
/** keys of a user that are listed, including those that were revoked or have expired */
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
    throw invalidInput('input.expiresAt', 'must be in the future')
  }
  if (expiresAt !== null && latest !== null && expiresAt > latest) {
    const end = latest.toISOString()
    throw invalidInput(
      'input.expiresAt',
      `must not be later than ${end}, when the key that you are signed in with expires`,
    )
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
        throw invalidInput('input', `you have ${maxUsableKeys} keys, which is the maximum; revoke one first`)
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

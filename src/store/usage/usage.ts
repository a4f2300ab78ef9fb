import type { Database } from '../../database/database.ts'
import type { Statement } from '../../database/statement.ts'
import { type Usage, usageOf } from '../completion.ts'
import {
  type BucketRow,
  ofConversationSql,
  ofConversationsSql,
  ofRequesterByConversationSql,
  ofRequesterSql,
} from './usage-sql.ts'

export type UsageDimension = 'DAY' | 'MODEL' | 'USER' | 'CONVERSATION'

export interface UsageQuery {
  /** The first time that is included; null if all earlier completions are included, too. */
  from: Date | null
  /** The first time that is not included; null if all completions until now are included. */
  to: Date | null
  groupBy: ReadonlySet<UsageDimension>
  /** The IANA name of the time zone in which days begin and end. */
  timeZone: string
  /**
   * With an id, the completions of everybody in this conversation, if the viewer is a participant. With null, the completions
   * that the viewer requested anywhere.
   */
  conversationId: string | null
  take: number
}

/**
 * The ended completions that have the same values in the requested groups. The fields of groups that were not requested are
 * null.
 */
export interface UsageBucket {
  day: Date | null
  model: string | null
  userId: string | null
  /** Also null for conversations that were deleted or of which the viewer is no longer a participant. */
  conversationId: string | null
  completions: number
  usage: Usage
}

export interface Usages {
  /** The sum of the usage of all completions of each conversation. */
  ofConversations(ids: readonly string[]): Promise<Map<string, Usage>>
  /**
   * Sorted by day, the earliest first, and then by the number of tokens, the largest first. Resolves with null if the database
   * does not know the time zone.
   */
  buckets(viewerId: string, query: UsageQuery, signal: AbortSignal): Promise<UsageBucket[] | null>
}

export const noUsage: Usage = {
  promptTokens: 0,
  completionTokens: 0,
  totalTokens: 0,
  cachedTokens: 0,
  reasoningTokens: 0,
  costMicros: null,
  source: 'NONE',
}

// https://www.postgresql.org/docs/current/errcodes-appendix.html
const invalidParameter = '22023'
const slotMs = 15 * 60_000
/** Two bounds of slots: one is before and one is after every time that can be stored. */
const [earliest, latest] = [new Date(0), new Date('9999-01-01T00:00:00Z')]

/** Divides the range into its whole slots and the rest before and after them, which covers a slot only partly. */
function boundsOf({ from, to }: UsageQuery): [from: Date, firstSlot: Date, endOfSlots: Date, to: Date] {
  const [start, end] = [from ?? earliest, to ?? latest]
  const firstSlot = new Date(Math.min(Math.ceil(start.getTime() / slotMs) * slotMs, end.getTime()))
  const endOfSlots = new Date(Math.max(Math.floor(end.getTime() / slotMs) * slotMs, firstSlot.getTime()))
  return [start, firstSlot, endOfSlots, end]
}

function bucketOf({ day, model, userId, conversationId, completions, ...row }: BucketRow): UsageBucket {
  return { day, model, userId, conversationId, completions, usage: usageOf(row) ?? noUsage }
}

export function createUsages({ query, read }: Database): Usages {
  function readBuckets(viewerId: string, asked: UsageQuery, signal: AbortSignal) {
    const { groupBy, timeZone, conversationId, take } = asked
    const dimensions = (['DAY', 'MODEL', 'USER', 'CONVERSATION'] as const).map((name) => groupBy.has(name))
    const [from, firstSlot, endOfSlots, to] = boundsOf(asked)
    const bucketsBy = (text: Statement<BucketRow>, ...range: unknown[]) =>
      read(text, [viewerId, timeZone, ...dimensions, take, ...range], signal)
    if (conversationId !== null) return bucketsBy(ofConversationSql, from, to, conversationId)
    if (groupBy.has('CONVERSATION')) return bucketsBy(ofRequesterByConversationSql, from, to)
    return bucketsBy(ofRequesterSql, from, firstSlot, endOfSlots, to)
  }

  return {
    async ofConversations(ids) {
      const rows = await query(ofConversationsSql, [ids])
      const found = new Map(ids.map((id) => [id, noUsage]))
      for (const { conversationId, ...row } of rows) found.set(conversationId, usageOf(row) ?? noUsage)
      return found
    },
    async buckets(viewerId, asked, signal) {
      try {
        return (await readBuckets(viewerId, asked, signal)).map(bucketOf)
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === invalidParameter) return null
        throw error
      }
    },
  }
}

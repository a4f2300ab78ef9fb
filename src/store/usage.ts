import type { Database } from '../database/database.ts'
import type { Statement } from '../database/statement.ts'
import { type Usage, usageOf } from './completion.ts'
import {
  type BucketRow,
  ofConversationSql,
  ofConversationsSql,
  ofRequesterByConversationSql,
  ofRequesterSql,
} from './usage-sql.ts'

export type UsageDimension = 'DAY' | 'MODEL' | 'USER' | 'CONVERSATION'

export interface UsageQuery {
  /** null: since ever. */
  from: Date | null
  /** Not included; null: until now. */
  to: Date | null
  groupBy: ReadonlySet<UsageDimension>
  /** IANA's name of the time zone of the days. */
  timeZone: string
  /** What everybody asked for in this one, if the viewer takes part in it; null: what the viewer asked for anywhere. */
  conversationId: string | null
  take: number
}

/** The completions that have ended and are alike in what they are grouped by; the rest is null. */
export interface UsageBucket {
  day: Date | null
  model: string | null
  userId: string | null
  /** null, too, for conversations that were deleted or in which the viewer does not take part any more. */
  conversationId: string | null
  completions: number
  usage: Usage
}

export interface Usages {
  /** The sum of the usage of all completions of each conversation. */
  ofConversations(ids: readonly string[]): Promise<Map<string, Usage>>
  /** By day, the earliest first, and then by tokens, the most first; null where the database does not know the time zone. */
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
/** Before and after all that can be stored, and bounds of slots. */
const [earliest, latest] = [new Date(0), new Date('9999-01-01T00:00:00Z')]

/** The whole slots of the range, between what lies in slots that are only partly in it. */
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

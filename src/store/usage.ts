import { type Usage, type UsageRow, usageOf } from './completion.ts'
import type { Database } from './database.ts'

export interface Usages {
  /** What all completions of each conversation used together. */
  ofConversations(ids: readonly string[]): Promise<Map<string, Usage>>
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

const ofConversationsSql = `
  SELECT conversation_id AS "conversationId", coalesce(sum(prompt_tokens), 0)::int AS "promptTokens",
    coalesce(sum(completion_tokens), 0)::int AS "completionTokens", coalesce(sum(total_tokens), 0)::int AS "totalTokens",
    coalesce(sum(cached_tokens), 0)::int AS "cachedTokens", coalesce(sum(reasoning_tokens), 0)::int AS "reasoningTokens",
    sum(cost_micros)::int AS "costMicros",
    CASE WHEN bool_or(usage_source = 'ESTIMATED') THEN 'ESTIMATED' WHEN bool_or(usage_source = 'PROVIDER') THEN 'PROVIDER'
      ELSE 'NONE' END AS "usageSource"
  FROM completions WHERE conversation_id = ANY($1::uuid[]) GROUP BY conversation_id`

export function createUsages({ query }: Database): Usages {
  return {
    async ofConversations(ids) {
      const rows = await query<UsageRow & { conversationId: string }>(ofConversationsSql, [ids])
      const found = new Map(ids.map((id) => [id, noUsage]))
      for (const { conversationId, ...row } of rows) found.set(conversationId, usageOf(row) ?? noUsage)
      return found
    },
  }
}

import type { Database } from '../database/database.ts'
import { statement } from '../database/statement.ts'
import { type Usage, type UsageRow, usageOf } from './completion.ts'
import { usageColumns } from './completion-sql.ts'

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

// No Int is larger, here or in GraphQL.
const sumOf = (column: string) => `least(coalesce(sum(${column}), 0), 2147483647)::int`

const ofConversationsSql = statement<UsageRow & { conversationId: string }>(
  `
  SELECT conversation_id AS "conversationId", ${sumOf('prompt_tokens')} AS "promptTokens",
    ${sumOf('completion_tokens')} AS "completionTokens", ${sumOf('total_tokens')} AS "totalTokens",
    ${sumOf('cached_tokens')} AS "cachedTokens", ${sumOf('reasoning_tokens')} AS "reasoningTokens",
    CASE WHEN count(cost_micros) > 0 THEN ${sumOf('cost_micros')} END AS "costMicros",
    CASE WHEN bool_or(usage_source = 'ESTIMATED') THEN 'ESTIMATED' WHEN bool_or(usage_source = 'PROVIDER') THEN 'PROVIDER'
      ELSE 'NONE' END AS "usageSource"
  FROM completions WHERE conversation_id = ANY($1::uuid[]) GROUP BY conversation_id`,
  { conversationId: 'text', ...usageColumns },
)

export function createUsages({ query }: Database): Usages {
  return {
    async ofConversations(ids) {
      const rows = await query(ofConversationsSql, [ids])
      const found = new Map(ids.map((id) => [id, noUsage]))
      for (const { conversationId, ...row } of rows) found.set(conversationId, usageOf(row) ?? noUsage)
      return found
    },
  }
}

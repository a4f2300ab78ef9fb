import { statement } from '../../database/statement.ts'
import type { UsageRow } from '../completion.ts'
import { usageColumns } from '../completion-sql.ts'

export interface BucketRow extends UsageRow {
  day: Date | null
  model: string | null
  userId: string | null
  conversationId: string | null
  completions: number
}

// The sum is limited to the largest Int of Postgres, which is also that of GraphQL.
const sumOf = (column: string) => `least(coalesce(sum(${column}), 0), 2147483647)::int`

const sums = `
  ${sumOf('prompt_tokens')} AS "promptTokens", ${sumOf('completion_tokens')} AS "completionTokens",
  ${sumOf('total_tokens')} AS "totalTokens", ${sumOf('cached_tokens')} AS "cachedTokens",
  ${sumOf('reasoning_tokens')} AS "reasoningTokens", CASE WHEN count(cost_micros) > 0 THEN ${sumOf('cost_micros')} END AS "costMicros",
  CASE WHEN bool_or(has_estimated) THEN 'ESTIMATED' WHEN bool_or(has_provided) THEN 'PROVIDER' ELSE 'NONE' END AS "usageSource"`

const counts = 'model, prompt_tokens, completion_tokens, total_tokens, cached_tokens, reasoning_tokens, cost_micros'
const ofCompletion = `${counts}, 1 AS completions, usage_source = 'ESTIMATED' AS has_estimated, usage_source = 'PROVIDER' AS has_provided`

export const ofConversationsSql = statement<UsageRow & { conversationId: string }>(
  `
  SELECT conversation_id AS "conversationId", ${sums}
  FROM (SELECT conversation_id, ${ofCompletion} FROM completions WHERE conversation_id = ANY($1::uuid[]) AND usage_source IS NOT NULL) ended
  GROUP BY conversation_id`,
  { conversationId: 'text', ...usageColumns },
)

/**
 * Groups the rows of `part` into buckets. A row is one completion, or the sum of several, with the time at which it was
 * requested.
 */
const bucketsOf = (part: string) =>
  statement<BucketRow>(
    `
  WITH part AS (${part})
  SELECT CASE WHEN $3::boolean THEN date_trunc('day', at, $2::text) END AS day, CASE WHEN $4::boolean THEN model END AS model,
    CASE WHEN $5::boolean THEN requester_id END AS "userId", CASE WHEN $6::boolean THEN conversation_id END AS "conversationId",
    ${sumOf('completions')} AS completions, ${sums}
  FROM part GROUP BY 1, 2, 3, 4 ORDER BY 1, "totalTokens" DESC, 2, 3, 4 LIMIT $7::int`,
    {
      day: 'time',
      model: 'text',
      userId: 'text',
      conversationId: 'text',
      completions: 'number',
      ...usageColumns,
    },
  )

const ownBetween = (from: string, to: string) => `
    SELECT created_at AS at, requester_id, NULL::uuid AS conversation_id, ${ofCompletion} FROM completions
    WHERE requester_id = $1 AND usage_source IS NOT NULL AND created_at >= ${from} AND created_at < ${to}`

/** The range is from $8 to $11. The part from $9 to $10 consists of whole slots. */
export const ofRequesterSql = bucketsOf(`
    SELECT slot AS at, requester_id, NULL::uuid AS conversation_id, ${counts}, completions, has_estimated, has_provided
    FROM usage_slots WHERE requester_id = $1 AND slot >= $9::timestamptz AND slot < $10::timestamptz
    UNION ALL ${ownBetween('$8::timestamptz', '$9::timestamptz')}
    UNION ALL ${ownBetween('$10::timestamptz', '$11::timestamptz')}`)

export const ofRequesterByConversationSql = bucketsOf(`
    SELECT created_at AS at, requester_id, p.conversation_id, ${ofCompletion}
    FROM completions c LEFT JOIN participants p ON p.conversation_id = c.conversation_id AND p.user_id = $1
    WHERE requester_id = $1 AND usage_source IS NOT NULL AND created_at >= $8::timestamptz AND created_at < $9::timestamptz`)

export const ofConversationSql = bucketsOf(`
    SELECT created_at AS at, requester_id, conversation_id, ${ofCompletion} FROM completions
    WHERE conversation_id = $10 AND usage_source IS NOT NULL AND created_at >= $8::timestamptz AND created_at < $9::timestamptz
      AND EXISTS (SELECT FROM participants p WHERE p.conversation_id = $10 AND p.user_id = $1)`)

import { listOf, statement } from '../database/statement.ts'
import { recordEvents } from './conversation-event.ts'
import { lockParticipants } from './conversation-lock.ts'
import { mayWriteAfter, moveLeaves } from './message-sql.ts'

export const usageColumns = {
  promptTokens: 'number',
  completionTokens: 'number',
  totalTokens: 'number',
  cachedTokens: 'number',
  reasoningTokens: 'number',
  costMicros: 'number',
  usageSource: 'text',
} as const

export const completionColumns = {
  id: 'text',
  requesterId: 'text',
  conversationId: 'text',
  parentId: 'text',
  idempotencyKey: 'text',
  inputHash: 'text',
  stored: 'boolean',
  cancelWhenUnwatched: 'boolean',
  replicaId: 'text',
  status: 'text',
  model: 'text',
  modelUsed: 'text',
  upstream: 'text',
  upstreamId: 'text',
  requestId: 'text',
  created: 'number',
  systemFingerprint: 'text',
  serviceTier: 'text',
  context: 'json',
  metadata: 'json',
  attempts: 'json',
  error: 'json',
  createdAt: 'time',
  firstTokenAt: 'time',
  finishedAt: 'time',
  ...usageColumns,
} as const

export const selectCompletions = `SELECT ${listOf('c', completionColumns)} FROM completions c`

const given = 'json_populate_record(null::completions, $1::json) given'

// One round trip, all or nothing. Foreign keys are checked at the end of the statement, so the order of the inserts does not
// matter. Nobody knows the new conversation yet, so no lock and no event is needed.
export const insertNewSql = statement(`
  WITH begun AS (
    INSERT INTO completions SELECT given.* FROM ${given} ON CONFLICT DO NOTHING RETURNING id, conversation_id, requester_id
  ), conversation AS (
    INSERT INTO conversations SELECT made.* FROM begun, json_populate_recordset(null::conversations, $2::json) made
  ), written AS (
    INSERT INTO messages SELECT made.* FROM begun, json_populate_recordset(null::messages, $3::json) made
  ), joined AS (
    INSERT INTO participants (conversation_id, user_id, role, current_leaf_id)
    SELECT conversation_id, requester_id, 'OWNER', $4::uuid FROM begun WHERE conversation_id IS NOT NULL
  )
  SELECT id FROM begun`)

// The empty answers cause no events of new messages, because the event of their completion announces them. The turn is not
// taken while others wait for it.
export const insertSql = statement(`
  WITH here AS (${lockParticipants('$5::uuid')}), begun AS (
    INSERT INTO completions SELECT given.* FROM ${given}
    WHERE ($5::uuid IS NULL OR ${mayWriteAfter('given.requester_id', '$4::uuid', '$6')})
      AND NOT EXISTS (SELECT FROM queued_completions q WHERE q.conversation_id = given.turn_id)
      AND ($7::text IS NULL OR (SELECT count(*) FROM queued_completions q WHERE q.conversation_id = $5::uuid) < $8::int)
    ON CONFLICT DO NOTHING RETURNING id, conversation_id, requester_id
  ), queued AS (
    INSERT INTO queued_completions (completion_id, conversation_id, request)
    SELECT id, conversation_id, $7 FROM begun WHERE $7::text IS NOT NULL
  ), written AS (
    INSERT INTO messages SELECT made.* FROM begun, json_populate_recordset(null::messages, $2::json) made
    RETURNING id, conversation_id, completion_id
  ), leaf AS (
    SELECT begun.conversation_id, begun.requester_id AS user_id, $3::uuid AS leaf_id, $4::uuid AS parent_id
    FROM begun WHERE $3::uuid IS NOT NULL
  ), moved AS (${moveLeaves}),
  happened AS (
    SELECT conversation_id, 'MESSAGE_CREATED' AS kind, id AS subject_id FROM written WHERE completion_id IS NULL
    UNION ALL SELECT conversation_id, 'COMPLETION_STARTED', id FROM begun
  ), ${recordEvents}
  SELECT id FROM begun`)

// The replica's row is not locked. If a replica is fenced while its statement runs, the lock on the completion's row lets
// either this replica or the one that ends the answer instead succeed, not both. Texts that an upstream may have quoted are not
// written to a deleted completion. The plan of this prepared statement is kept, although the planner knows neither how many
// completions a replica streams nor how many rows a JSON list has. So the completion is found only by its id, and the messages
// by the completion.
const endSql = (condition: string) =>
  statement<{ isDeleted: boolean }>(
    `
  WITH given AS (SELECT * FROM json_populate_record(null::completions, $1::json)),
  ended AS (
    UPDATE completions c SET status = given.status, replica_id = NULL, turn_id = NULL, model_used = given.model_used,
      upstream = given.upstream, upstream_id = given.upstream_id, request_id = given.request_id, created = given.created,
      system_fingerprint = given.system_fingerprint, service_tier = given.service_tier,
      attempts = CASE WHEN c.deleted_at IS NULL THEN given.attempts ELSE '[]' END,
      error = CASE WHEN c.deleted_at IS NULL THEN given.error END,
      prompt_tokens = given.prompt_tokens, completion_tokens = given.completion_tokens,
      total_tokens = given.total_tokens, cached_tokens = given.cached_tokens, reasoning_tokens = given.reasoning_tokens,
      cost_micros = given.cost_micros, usage_source = given.usage_source, first_token_at = given.first_token_at,
      finished_at = given.finished_at
    FROM given WHERE c.id = $4 AND c.status = 'IN_PROGRESS' AND c.replica_id IS NOT DISTINCT FROM $2 ${condition}
    RETURNING c.id, c.conversation_id, c.deleted_at IS NOT NULL AS is_deleted
  ), written AS (
    UPDATE messages m SET content = answer.content, refusal = answer.refusal, reasoning = answer.reasoning,
      tool_calls = answer.tool_calls, finish_reason = answer.finish_reason, logprobs = answer.logprobs, status = answer.status
    FROM ended, json_populate_recordset(null::messages, $3::json) answer WHERE m.completion_id = ended.id AND m.id = answer.id
  ), gone AS (DELETE FROM queued_completions q USING ended WHERE q.completion_id = ended.id),
  happened AS (SELECT conversation_id, 'COMPLETION_FINISHED' AS kind, id AS subject_id FROM ended), ${recordEvents}
  SELECT is_deleted AS "isDeleted" FROM ended`,
    { isDeleted: 'boolean' },
  )

export const endOwnSql = endSql('AND EXISTS (SELECT FROM replicas WHERE id = $2 AND fenced_at IS NULL)')
export const endLostSql = endSql('')

export const visible = `c.deleted_at IS NULL AND CASE WHEN c.conversation_id IS NULL THEN c.requester_id = $1
  ELSE EXISTS (SELECT FROM participants p WHERE p.conversation_id = c.conversation_id AND p.user_id = $1) END`

export const requestCancelSql = statement(
  `UPDATE completions SET cancel_requested_at = now() WHERE id = $1 AND status = 'IN_PROGRESS'`,
)
export const cancelRequestedSql = statement<{ id: string }>(
  'SELECT id FROM completions WHERE replica_id = $1 AND cancel_requested_at IS NOT NULL',
  { id: 'text' },
)
export const keepWatchedSql = statement(
  'UPDATE completions SET watched_at = now() WHERE id = ANY($1::uuid[]) AND cancel_when_unwatched',
)
export const watchedSql = statement(
  `SELECT id FROM completions WHERE id = $1 AND watched_at > now() - $2::int * interval '1 millisecond'`,
)

import { recordEvents } from './conversation-event.ts'
import { mayWriteAfter, moveLeaves } from './message-sql.ts'
import { lockParticipants } from './participant-lock.ts'

export const columns = `c.id, c.requester_id AS "requesterId", c.conversation_id AS "conversationId", c.parent_id AS "parentId",
  c.idempotency_key AS "idempotencyKey", c.input_hash AS "inputHash", c.stored, c.cancel_when_unwatched AS "cancelWhenUnwatched", c.replica_id AS "replicaId", c.status, c.model,
  c.model_used AS "modelUsed", c.upstream, c.upstream_id AS "upstreamId", c.request_id AS "requestId", c.created,
  c.system_fingerprint AS "systemFingerprint", c.service_tier AS "serviceTier", c.context, c.metadata, c.attempts,
  c.error, c.created_at AS "createdAt", c.first_token_at AS "firstTokenAt", c.finished_at AS "finishedAt",
  c.prompt_tokens AS "promptTokens", c.completion_tokens AS "completionTokens", c.total_tokens AS "totalTokens",
  c.cached_tokens AS "cachedTokens", c.reasoning_tokens AS "reasoningTokens", c.cost_micros AS "costMicros",
  c.usage_source AS "usageSource"`

const given = 'json_populate_record(null::completions, $1::json) given'

// One round trip, all or nothing. Foreign keys are checked when the whole statement is done, so the order does not matter.
// Nobody knows of the conversation yet: there is nothing to wait for, and nobody to tell.
export const insertNewSql = `
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
  SELECT id FROM begun`

// The answers to come are no new messages: their completion tells of them. Nobody takes the turn while others wait for it.
export const insertSql = `
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
  SELECT id FROM begun`

// Without a lock on the replica's row: of a replica that was fenced while its statement ran and whoever ends the answer
// instead, the completion's row lets one through.
// Of a deleted completion nothing comes back that an upstream may have quoted.
// A plan is kept, and the planner knows neither how many answers one replica streams nor how many rows a JSON list has: so
// the completion is found by its id alone, and the messages by the completion.
const endSql = (condition: string) => `
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
  SELECT is_deleted AS "isDeleted" FROM ended`

export const endOwnSql = endSql('AND EXISTS (SELECT FROM replicas WHERE id = $2 AND fenced_at IS NULL)')
export const endLostSql = endSql('')

export const visible = `c.deleted_at IS NULL AND CASE WHEN c.conversation_id IS NULL THEN c.requester_id = $1
  ELSE EXISTS (SELECT FROM participants p WHERE p.conversation_id = c.conversation_id AND p.user_id = $1) END`

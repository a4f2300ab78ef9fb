import { listOf, statement } from '../database/statement.ts'
import { recordEvents } from './conversation-event.ts'
import { lockParticipants } from './conversation-lock.ts'

export const messageColumns = {
  id: 'text',
  conversationId: 'text',
  parentId: 'text',
  role: 'text',
  content: 'text',
  parts: 'json',
  name: 'text',
  refusal: 'text',
  reasoning: 'text',
  toolCalls: 'json',
  toolCallId: 'text',
  authorId: 'text',
  completionId: 'text',
  choiceIndex: 'number',
  finishReason: 'text',
  logprobs: 'json',
  status: 'text',
  createdAt: 'time',
} as const

export const columns = listOf('m', messageColumns)

const { reasoning: _reasoning, logprobs: _logprobs, ...shortColumns } = messageColumns

/** The columns of messages that are sent to models. The columns that are left out may be long. */
export const sentColumns = `${listOf('m', shortColumns)}, NULL::text AS reasoning, NULL::jsonb AS logprobs`

/** The approximate number of bytes of a message, found without reading its texts. */
export const sizeOf = (message: string) =>
  ['content', 'refusal']
    .map((column) => `coalesce(octet_length(${message}.${column}), 0)`)
    .concat(['parts', 'tool_calls'].map((column) => `coalesce(pg_column_size(${message}.${column}), 0)`))
    .join(' + ')

/** The same number for everything that a viewer can read of a message. */
export const readSizeOf = (message: string) =>
  `${sizeOf(message)} + coalesce(octet_length(${message}.reasoning), 0) + coalesce(pg_column_size(${message}.logprobs), 0)`

/** The maximum bytes of messages that one read returns to a viewer. */
export const maxReadBytes = 32 * 1024 * 1024

/**
 * Selects the messages that a statement finds, with the sum of their bytes as `total`. If the sum is too large, only one is
 * selected.
 */
const withTotal = (messages: string, order: string) => `
  SELECT ${columns}, m.total FROM (
    SELECT found.*, sum(${readSizeOf('found')}) OVER ()::float8 AS total, row_number() OVER () AS number
    FROM (${messages}) found
  ) m WHERE m.total <= ${maxReadBytes} OR m.number = 1 ORDER BY ${order}`

/** Moves the current leaf of the writer to the new leaf, and that of every participant whose current leaf is the parent. */
export const moveLeaves = `
  UPDATE participants SET current_leaf_id = leaf.leaf_id
  FROM leaf WHERE participants.conversation_id = leaf.conversation_id
  AND (participants.user_id = leaf.user_id OR participants.current_leaf_id IS NOT DISTINCT FROM leaf.parent_id)`

/**
 * Whether the user may write below the parent. It reads `here`, which locks the participants. With `isLeaf`, the parent must
 * still be the user's current leaf.
 */
export const mayWriteAfter = (userId: string, parentId: string, isLeaf: string) => `(
    SELECT bool_or(user_id = ${userId} AND role <> 'VIEWER' AND (NOT ${isLeaf} OR current_leaf_id IS NOT DISTINCT FROM ${parentId}))
    FROM here
  )`

export const createSql = statement(`
  WITH here AS (${lockParticipants('$2')}), created AS (
    INSERT INTO messages SELECT given.* FROM json_populate_record(null::messages, $1::json) given
    WHERE ${mayWriteAfter('given.author_id', 'given.parent_id', '$3')}
    ON CONFLICT (author_id, idempotency_key) DO NOTHING
    RETURNING id AS leaf_id, conversation_id, parent_id, author_id AS user_id
  ), leaf AS (SELECT * FROM created),
  moved AS (${moveLeaves}),
  happened AS (SELECT conversation_id, 'MESSAGE_CREATED' AS kind, leaf_id AS subject_id FROM created), ${recordEvents}
  SELECT leaf_id FROM created`)

export const findSql = withTotal(
  `SELECT m.* FROM messages m JOIN participants p ON p.conversation_id = m.conversation_id AND p.user_id = $1
  WHERE m.id = ANY($2::uuid[]) AND m.deleted_at IS NULL`,
  'm.id',
)

export const choicesSql = withTotal(
  'SELECT m.* FROM messages m WHERE m.completion_id = ANY($1::uuid[]) AND m.deleted_at IS NULL',
  'm.choice_index',
)

// Children and roots are read with two index lookups, because IS NOT DISTINCT FROM would read the whole conversation.
const atPlace = (condition: string) => `
    SELECT * FROM messages WHERE conversation_id = place.conversation_id AND ${condition} AND deleted_at IS NULL`
const atChildPlace = atPlace('parent_id = place.parent_id')
const atRootPlace = atPlace('parent_id IS NULL AND place.parent_id IS NULL')

/**
 * The siblings of a place are read once, even if several of them are requested. The newest have the largest ids: ids grow with
 * time.
 */
export const siblingsSql = withTotal(
  `SELECT m.* FROM (
    SELECT DISTINCT conversation_id, parent_id FROM unnest($1::uuid[], $2::uuid[]) AS place(conversation_id, parent_id)
  ) place CROSS JOIN LATERAL (
    (${atChildPlace} ORDER BY id DESC LIMIT $3)
    UNION ALL
    (${atRootPlace} ORDER BY id DESC LIMIT $3)
  ) m`,
  'm.created_at, m.id',
)

// The ids are grouped by place, because a join of the counts with the requested ids would compare each row with each other row.
export const siblingsCountSql = statement<{ id: string; count: number }>(
  `
  WITH asked AS (
    SELECT m.id, m.conversation_id, m.parent_id FROM messages m
    JOIN participants p ON p.conversation_id = m.conversation_id AND p.user_id = $1
    WHERE m.id = ANY($2::uuid[]) AND m.deleted_at IS NULL
  ), counted AS (
    SELECT place.ids, (SELECT count(*) FROM (${atChildPlace} UNION ALL ${atRootPlace}) m)::int AS count
    FROM (
      SELECT conversation_id, parent_id, array_agg(id) AS ids FROM asked GROUP BY conversation_id, parent_id
    ) place
  )
  SELECT unnest(ids) AS id, count FROM counted`,
  { id: 'text', count: 'number' },
)

// An OWNER may delete any message, and an EDITOR a message that they wrote or requested. The row stays without its content, so
// that messages below it keep their depths and jumps, and the idempotency key of its author stays used. If a root is deleted
// that is a participant's current leaf, the newest remaining message becomes their current leaf: ids grow with time.
export const removeSql = statement(`
  WITH gone AS (
    UPDATE messages m SET deleted_at = now(), content = NULL, parts = NULL, name = NULL, refusal = NULL, reasoning = NULL,
      tool_calls = NULL, tool_call_id = NULL, logprobs = NULL, finish_reason = NULL
    FROM participants p WHERE m.conversation_id = $1::uuid AND m.id = $3::uuid AND m.deleted_at IS NULL
      AND p.conversation_id = m.conversation_id AND p.user_id = $2::uuid AND (p.role = 'OWNER' OR p.role = 'EDITOR'
        AND (m.author_id = p.user_id OR EXISTS (SELECT FROM completions c WHERE c.id = m.completion_id AND c.requester_id = p.user_id)))
    RETURNING m.id, m.conversation_id, m.parent_id, m.completion_id
  ), closed AS (
    UPDATE messages m SET parent_id = gone.parent_id, stem_id = coalesce(m.stem_id, gone.id)
    FROM gone WHERE m.conversation_id = gone.conversation_id AND m.parent_id = gone.id
  ), moved AS (
    UPDATE participants p SET current_leaf_id = CASE WHEN p.current_leaf_id = gone.id THEN coalesce(gone.parent_id, (
        SELECT m.id FROM messages m WHERE m.conversation_id = gone.conversation_id AND m.id <> gone.id AND m.deleted_at IS NULL
        ORDER BY m.id DESC LIMIT 1
      )) ELSE p.current_leaf_id END,
      last_read_message_id = CASE WHEN p.last_read_message_id = gone.id THEN gone.parent_id ELSE p.last_read_message_id END
    FROM gone WHERE p.conversation_id = gone.conversation_id AND gone.id IN (p.current_leaf_id, p.last_read_message_id)
  ), unlogged AS (DELETE FROM answer_log USING gone WHERE answer_log.completion_id = gone.completion_id),
  happened AS (SELECT conversation_id, 'MESSAGE_DELETED' AS kind, id AS subject_id FROM gone), ${recordEvents}
  SELECT id::text FROM gone`)

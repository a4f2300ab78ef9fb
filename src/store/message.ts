import { recordEvents } from './conversation-event.ts'
import type { Database } from './database.ts'

export type MessageRole = 'DEVELOPER' | 'SYSTEM' | 'USER' | 'ASSISTANT' | 'TOOL'
export type MessageStatus = 'STREAMING' | 'COMPLETE' | 'PARTIAL'
export type FinishReason = 'STOP' | 'LENGTH' | 'TOOL_CALLS' | 'CONTENT_FILTER' | 'FUNCTION_CALL' | 'UNKNOWN'
export type ImageDetail = 'AUTO' | 'LOW' | 'HIGH'

export type ContentPart =
  | { type: 'text'; text: string }
  | { type: 'image'; url: string; detail: ImageDetail | null }
  | { type: 'audio'; data: string; format: string }
  | { type: 'file'; fileId: string | null; fileData: string | null; filename: string | null }

export interface ToolCall {
  id: string
  name: string
  /** The raw text that the model wrote. */
  arguments: string
}

export interface Message {
  id: string
  /** null for the answer of an unstored completion. */
  conversationId: string | null
  parentId: string | null
  role: MessageRole
  content: string | null
  /** null where `content` is all. */
  parts: ContentPart[] | null
  name: string | null
  refusal: string | null
  reasoning: string | null
  toolCalls: ToolCall[]
  toolCallId: string | null
  authorId: string | null
  completionId: string | null
  choiceIndex: number | null
  finishReason: FinishReason | null
  logprobs: unknown
  status: MessageStatus
  createdAt: Date
}

/** A slice of the path from the root to a leaf, oldest first. */
export interface PathSlice {
  conversationId: string
  leafId: string
  after: string | null
  before: string | null
  first: number | null
  last: number | null
}

/** `place` counts from 1 at the root; `total` is the length of the path. */
export interface PathMessage {
  message: Message
  place: number
  total: number
}

export interface NewMessage extends Message {
  conversationId: string
  idempotencyKey: string | null
  inputHash: string | null
}

export interface Messages {
  find(viewerId: string, ids: readonly string[]): Promise<Message[]>
  /** In the order of the slices. */
  paths(slices: readonly PathSlice[]): Promise<PathMessage[][]>
  /** By message; itself among them, oldest first. */
  siblings(ids: readonly string[]): Promise<Map<string, Message[]>>
  ofCompletions(completionIds: readonly string[]): Promise<Message[]>
  byKey(authorId: string, idempotencyKey: string): Promise<{ message: Message; inputHash: string | null } | null>
  /** False, and nothing written, where the author has used the key. */
  create(message: NewMessage): Promise<boolean>
}

const messageColumns = [
  'id',
  'conversation_id AS "conversationId"',
  'parent_id AS "parentId"',
  'role',
  'content',
  'parts',
  'name',
  'refusal',
  'reasoning',
  'tool_calls AS "toolCalls"',
  'tool_call_id AS "toolCallId"',
  'author_id AS "authorId"',
  'completion_id AS "completionId"',
  'choice_index AS "choiceIndex"',
  'finish_reason AS "finishReason"',
  'logprobs',
  'status',
  'created_at AS "createdAt"',
].map((column) => `m.${column}`)

const columns = messageColumns.join(', ')

/** For json_populate_recordset, which knows the columns by their names. */
export function messageRow(message: NewMessage) {
  return {
    id: message.id,
    conversation_id: message.conversationId,
    parent_id: message.parentId,
    role: message.role,
    content: message.content,
    parts: message.parts,
    name: message.name,
    refusal: message.refusal,
    reasoning: message.reasoning,
    tool_calls: message.toolCalls.length === 0 ? null : message.toolCalls,
    tool_call_id: message.toolCallId,
    author_id: message.authorId,
    idempotency_key: message.idempotencyKey,
    input_hash: message.inputHash,
    completion_id: message.completionId,
    choice_index: message.choiceIndex,
    finish_reason: message.finishReason,
    logprobs: message.logprobs ?? null,
    status: message.status,
    created_at: message.createdAt,
  }
}

type Row = Omit<Message, 'toolCalls'> & { toolCalls: ToolCall[] | null }

function messageOf(row: Row): Message {
  return { ...row, toolCalls: row.toolCalls ?? [] }
}

/** Everyone who stood at the parent moves on with the conversation, and so does whoever wrote. */
export const moveLeaves = `
  UPDATE participants SET current_leaf_id = leaf.leaf_id
  FROM leaf WHERE participants.conversation_id = leaf.conversation_id
  AND (participants.user_id = leaf.user_id OR participants.current_leaf_id IS NOT DISTINCT FROM leaf.parent_id)`

const createSql = `
  WITH created AS (
    INSERT INTO messages SELECT * FROM json_populate_record(null::messages, $1::json)
    ON CONFLICT (author_id, idempotency_key) DO NOTHING
    RETURNING id AS leaf_id, conversation_id, parent_id, author_id AS user_id
  ), leaf AS (SELECT * FROM created),
  moved AS (${moveLeaves}),
  happened AS (SELECT conversation_id, 'MESSAGE_CREATED' AS kind, leaf_id AS subject_id FROM created), ${recordEvents}
  SELECT leaf_id FROM created`

const findSql = `
  SELECT ${columns} FROM messages m JOIN participants p ON p.conversation_id = m.conversation_id AND p.user_id = $1
  WHERE m.id = ANY($2::uuid[])`

const siblingsSql = `
  SELECT ${columns}, asked.id AS "askedId" FROM messages asked
  JOIN messages m ON m.conversation_id = asked.conversation_id AND m.parent_id IS NOT DISTINCT FROM asked.parent_id
  WHERE asked.id = ANY($1::uuid[]) ORDER BY m.created_at, m.id`

// Only ids walk up the tree; the content of the slice alone is read.
const pathsSql = `
  WITH RECURSIVE slice AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::int[], $6::int[])
    WITH ORDINALITY AS s(conversation_id, leaf_id, after_id, before_id, first, last, number)
  ), walk AS (
    SELECT slice.number, m.id, m.parent_id, 0 AS height FROM slice
    JOIN messages m ON m.id = slice.leaf_id AND m.conversation_id = slice.conversation_id
    UNION ALL
    SELECT walk.number, m.id, m.parent_id, walk.height + 1 FROM walk JOIN messages m ON m.id = walk.parent_id
  ), placed AS (
    SELECT number, id, (row_number() OVER (PARTITION BY number ORDER BY height DESC))::int AS place,
      (count(*) OVER (PARTITION BY number))::int AS total FROM walk
  ), bounds AS (
    SELECT slice.number, slice.first, slice.last,
      coalesce(max(placed.place) FILTER (WHERE placed.id = slice.after_id), 0) AS low,
      coalesce(max(placed.place) FILTER (WHERE placed.id = slice.before_id), max(placed.total) + 1) AS high
    FROM slice JOIN placed USING (number) GROUP BY slice.number, slice.first, slice.last
  )
  SELECT ${columns}, placed.number::int, placed.place, placed.total
  FROM placed JOIN bounds USING (number) JOIN messages m ON m.id = placed.id
  WHERE placed.place > low AND placed.place < high
    AND (first IS NULL OR placed.place <= low + first) AND (last IS NULL OR placed.place >= high - last)
  ORDER BY placed.number, placed.place`

export function createMessages({ query }: Database): Messages {
  return {
    async find(viewerId, ids) {
      const rows = await query<Row>(findSql, [viewerId, ids])
      return rows.map(messageOf)
    },
    async paths(slices) {
      const values = [
        slices.map((slice) => slice.conversationId),
        slices.map((slice) => slice.leafId),
        slices.map((slice) => slice.after),
        slices.map((slice) => slice.before),
        slices.map((slice) => slice.first),
        slices.map((slice) => slice.last),
      ]
      const paths = slices.map((): PathMessage[] => [])
      const rows = await query<Row & { number: number; place: number; total: number }>(pathsSql, values)
      for (const { number, place, total, ...row } of rows)
        paths[number - 1]?.push({ message: messageOf(row), place, total })
      return paths
    },
    async siblings(ids) {
      const found = new Map<string, Message[]>(ids.map((id) => [id, []]))
      const rows = await query<Row & { askedId: string }>(siblingsSql, [ids])
      for (const { askedId, ...row } of rows) found.get(askedId)?.push(messageOf(row))
      return found
    },
    async ofCompletions(completionIds) {
      const text = `SELECT ${columns} FROM messages m WHERE m.completion_id = ANY($1::uuid[]) ORDER BY m.choice_index`
      const rows = await query<Row>(text, [completionIds])
      return rows.map(messageOf)
    },
    async byKey(authorId, idempotencyKey) {
      const text = `SELECT ${columns}, m.input_hash AS "inputHash" FROM messages m WHERE m.author_id = $1 AND m.idempotency_key = $2`
      const [found] = await query<Row & { inputHash: string | null }>(text, [authorId, idempotencyKey])
      if (found === undefined) return null
      const { inputHash, ...row } = found
      return { message: messageOf(row), inputHash }
    },
    async create(message) {
      const rows = await query(createSql, [JSON.stringify(messageRow(message))])
      return rows.length === 1
    },
  }
}

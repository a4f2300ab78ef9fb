import type { Database } from '../database/database.ts'
import { listOf, statement } from '../database/statement.ts'
import { type Completion, type CompletionRow, completionOf } from './completion.ts'
import { completionColumns, visible } from './completion-sql.ts'
import { type Message, messageOf, type Row } from './message-row.ts'
import { messageColumns, readSizeOf } from './message-sql.ts'

export interface KeyValue {
  key: string
  value: string
}

export interface CompletionSlice {
  /** The completion before the slice; null for the beginning of the list. It may be deleted. */
  after: string | null
  /** The model that was requested, or that answered; null for any. */
  model: string | null
  /** Every pair must be in the metadata of a completion. */
  metadata: readonly KeyValue[]
  isDescending: boolean
  take: number
}

/** A part of a list. It ends early after the item with which the texts in it exceed `maxPageBytes`. */
export interface Slice<Item> {
  items: Item[]
  hasMore: boolean
}

/** Completions with `store: true`, as a list. */
export interface StoredCompletions {
  /** The COMPLETED ones that the user requested, still may see, and that have an answer left; sorted by time. */
  slice(requesterId: string, slice: CompletionSlice, signal: AbortSignal): Promise<Slice<Completion>>
  /** The first of these messages, in this order, without those that are deleted or that the viewer may not see. */
  messages(viewerId: string, ids: readonly string[], take: number): Promise<Slice<Message>>
  /** Resolves with false, and writes nothing, if the viewer may not write in the conversation. */
  setMetadata(viewerId: string, id: string, metadata: readonly KeyValue[]): Promise<boolean>
}

const maxPageBytes = 8 * 1024 * 1024

/** Counts the rows of `page`, and leaves out those before which the page has reached the maximum of bytes. */
const cutPage = (listed: string, order: string) => `
  SELECT ${listed}, c.found FROM (
    SELECT page.*, count(*) OVER ()::int AS found, sum(bytes) OVER (ORDER BY ${order}) - bytes AS bytes_before FROM page
  ) c WHERE c.bytes_before < ${maxPageBytes} ORDER BY ${order}`

// The ids of completions grow with time.
const sliceSql = (follows: '<' | '>', direction: 'ASC' | 'DESC') =>
  statement<CompletionRow & { found: number }>(
    `
  WITH page AS (
    SELECT c.*, answers.bytes + octet_length(c.parameters::text) AS bytes
    FROM completions c CROSS JOIN LATERAL (
      SELECT sum(${readSizeOf('m')}) AS bytes FROM messages m WHERE m.completion_id = c.id AND m.deleted_at IS NULL
    ) answers
    WHERE c.requester_id = $1 AND c.stored AND c.status = 'COMPLETED' AND ${visible} AND answers.bytes IS NOT NULL
      AND ($2::uuid IS NULL OR c.id ${follows} $2) AND ($3::text IS NULL OR $3 IN (c.model, c.model_used))
      AND c.metadata @> $4::jsonb
    ORDER BY c.id ${direction} LIMIT $5
  ) ${cutPage(listOf('c', completionColumns), `id ${direction}`)}`,
    { ...completionColumns, found: 'number' },
  )

const ascendingSql = sliceSql('>', 'ASC')
const descendingSql = sliceSql('<', 'DESC')

const messagesSql = statement<Row & { found: number }>(
  `
  WITH page AS (
    SELECT m.*, asked.place, ${readSizeOf('m')} AS bytes
    FROM unnest($2::uuid[]) WITH ORDINALITY AS asked(id, place) JOIN messages m ON m.id = asked.id
    JOIN participants p ON p.conversation_id = m.conversation_id AND p.user_id = $1
    WHERE m.deleted_at IS NULL ORDER BY asked.place LIMIT $3
  ) ${cutPage(listOf('c', messageColumns), 'place')}`,
  { ...messageColumns, found: 'number' },
)

const setMetadataSql = statement<{ id: string }>(
  `
  UPDATE completions c SET metadata = $3::jsonb FROM participants p
  WHERE c.id = $2 AND c.deleted_at IS NULL AND p.conversation_id = c.conversation_id AND p.user_id = $1 AND p.role <> 'VIEWER'
  RETURNING c.id`,
  { id: 'text' },
)

/** One more row than `take` was requested, to find out whether the list continues. */
function sliceOf<Found extends { found: number }, Item>(
  rows: readonly Found[],
  take: number,
  itemOf: (row: Omit<Found, 'found'>) => Item,
): Slice<Item> {
  const items = rows.slice(0, take).map(({ found: _found, ...row }) => itemOf(row))
  return { items, hasMore: (rows[0]?.found ?? 0) > items.length }
}

export function createStoredCompletions({ query, read }: Database): StoredCompletions {
  return {
    async slice(requesterId, { after, model, metadata, isDescending, take }, signal) {
      const values = [requesterId, after, model, JSON.stringify(metadata), take + 1]
      const rows = await read(isDescending ? descendingSql : ascendingSql, values, signal)
      return sliceOf(rows, take, completionOf)
    },
    async messages(viewerId, ids, take) {
      return sliceOf(await query(messagesSql, [viewerId, ids, take + 1]), take, messageOf)
    },
    async setMetadata(viewerId, id, metadata) {
      return (await query(setMetadataSql, [viewerId, id, JSON.stringify(metadata)])).length === 1
    },
  }
}

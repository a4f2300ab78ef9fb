import type { Database } from '../database/database.ts'
import { listOf, type Statement, statement } from '../database/statement.ts'
import type { ToolCall } from '../stream/choice.ts'
import type { FinishReason } from '../stream/delta.ts'
import type { TokenCounts } from '../stream/token-counts.ts'
import type { CompletionError } from './completion-error.ts'
import type { ContextReport, NewCompletionRequest } from './completion-request.ts'
import {
  cancelRequestedSql,
  completionColumns,
  endLostSql,
  endOwnSql,
  insertNewSql,
  insertSql,
  keepWatchedSql,
  requestCancelSql,
  selectCompletions,
  visible,
  watchedSql,
} from './completion-sql.ts'
import { type Conversation, conversationRow } from './conversation.ts'
import { withConversationLock } from './conversation-lock.ts'
import { type MessageStatus, messageRow, type NewMessage } from './message-row.ts'

export type CompletionStatus = 'IN_PROGRESS' | 'COMPLETED' | 'CANCELLED' | 'FAILED' | 'INTERRUPTED'
export type UsageSource = 'PROVIDER' | 'ESTIMATED' | 'NONE'

export interface Usage extends TokenCounts {
  /** In millionths of a US dollar; null if the model has no price. */
  costMicros: number | null
  source: UsageSource
}

export interface Attempt {
  upstream: string
  model: string
  httpStatus: number | null
  error: string | null
  /** RFC 3339. */
  startedAt: string
  durationMs: number
}

export interface Completion {
  id: string
  requesterId: string
  conversationId: string | null
  parentId: string | null
  idempotencyKey: string | null
  inputHash: string | null
  stored: boolean
  cancelWhenUnwatched: boolean
  replicaId: string | null
  status: CompletionStatus
  model: string
  modelUsed: string | null
  upstream: string | null
  upstreamId: string | null
  requestId: string | null
  created: number | null
  systemFingerprint: string | null
  serviceTier: string | null
  context: ContextReport
  metadata: { key: string; value: string }[]
  attempts: Attempt[]
  error: CompletionError | null
  usage: Usage | null
  createdAt: Date
  firstTokenAt: Date | null
  finishedAt: Date | null
}

/** A place in the queue of the conversation. */
export interface Wait {
  /** The request that is needed to send the question later, as JSON. */
  request: string
  /** How many completions may wait, including this one. */
  maxQueueLength: number
}

export interface NewLeaf {
  leafId: string
  parentId: string | null
  /** The insert requires that the parent is still the requester's current leaf. */
  isAtLeaf: boolean
}

/** Everything that is inserted for one question, with one statement. */
export interface CompletionInsert {
  completion: Completion
  request: NewCompletionRequest
  /** The conversation that is created with the completion; null if it exists already. */
  newConversation: Conversation | null
  messages: NewMessage[]
  /**
   * The new current leaf of the requester and of everybody whose current leaf is the parent; null if the completion is not
   * stored.
   */
  leaf: NewLeaf | null
}

export interface EndedMessage {
  id: string
  content: string | null
  refusal: string | null
  reasoning: string | null
  toolCalls: ToolCall[]
  finishReason: FinishReason | null
  logprobs: unknown
  status: MessageStatus
}

export interface StoredEnd {
  /** The completion was deleted with its conversation, so that nobody reads its log any more. */
  isDeleted: boolean
}

export interface Completions {
  /**
   * Inserts the completion with the turn in its conversation or, with `wait`, into the queue for it. Resolves with false, and
   * writes nothing, if the key or the turn is taken, if the queue is full, if the requester may no longer write, or if the leaf
   * has moved. Rejects with StoreError GONE if the conversation was deleted meanwhile.
   */
  insert(insert: CompletionInsert, wait: Wait | null): Promise<boolean>
  /**
   * Ends a completion of this replica. Resolves with null, and writes nothing, if it has ended or the replica was fenced. Can
   * be repeated.
   */
  end(completion: Completion, replicaId: string, messages: readonly EndedMessage[]): Promise<StoredEnd | null>
  /**
   * Ends a completion of a lost replica. Resolves with null, and writes nothing, if it has ended or another replica has taken
   * it over.
   */
  endLost(completion: Completion, replicaId: string, messages: readonly EndedMessage[]): Promise<StoredEnd | null>
  find(viewerId: string, ids: readonly string[]): Promise<Completion[]>
  byKey(requesterId: string, idempotencyKey: string): Promise<{ completion: Completion; isDeleted: boolean } | null>
  /** For internal use: access is not checked. */
  load(ids: readonly string[]): Promise<Completion[]>
  active(conversationIds: readonly string[]): Promise<Completion[]>
  requestCancel(id: string): Promise<void>
  /** The completions of this replica for which a cancellation was requested. */
  cancelRequested(replicaId: string): Promise<string[]>
  /** Records that another replica has viewers for these completions. Only those with `whenUnwatched: CANCEL` are changed. */
  keepWatched(ids: readonly string[]): Promise<void>
  /** Whether another replica had a viewer for the completion within this time. */
  wasWatchedWithin(id: string, ms: number): Promise<boolean>
}

export interface UsageRow {
  promptTokens: number | null
  completionTokens: number | null
  totalTokens: number | null
  cachedTokens: number | null
  reasoningTokens: number | null
  costMicros: number | null
  usageSource: UsageSource | null
}

export type CompletionRow = Omit<Completion, 'usage'> & UsageRow

export function usageOf(row: UsageRow): Usage | null {
  if (row.usageSource === null) return null
  return {
    promptTokens: row.promptTokens ?? 0,
    completionTokens: row.completionTokens ?? 0,
    totalTokens: row.totalTokens ?? 0,
    cachedTokens: row.cachedTokens ?? 0,
    reasoningTokens: row.reasoningTokens ?? 0,
    costMicros: row.costMicros,
    source: row.usageSource,
  }
}

export function completionOf(row: CompletionRow): Completion {
  const {
    promptTokens,
    completionTokens,
    totalTokens,
    cachedTokens,
    reasoningTokens,
    costMicros,
    usageSource,
    ...rest
  } = row
  const counts = { promptTokens, completionTokens, totalTokens, cachedTokens, reasoningTokens, costMicros, usageSource }
  return { ...rest, usage: usageOf(counts) }
}

/** A row for json_populate_record, whose fields have the names of the columns. */
function completionRow(completion: Completion, replicaId: string | null) {
  const { usage } = completion
  return {
    id: completion.id,
    requester_id: completion.requesterId,
    conversation_id: completion.conversationId,
    parent_id: completion.parentId,
    idempotency_key: completion.idempotencyKey,
    input_hash: completion.inputHash,
    stored: completion.stored,
    cancel_when_unwatched: completion.cancelWhenUnwatched,
    replica_id: replicaId,
    status: completion.status,
    model: completion.model,
    model_used: completion.modelUsed,
    upstream: completion.upstream,
    upstream_id: completion.upstreamId,
    request_id: completion.requestId,
    created: completion.created,
    system_fingerprint: completion.systemFingerprint,
    service_tier: completion.serviceTier,
    context: completion.context,
    metadata: completion.metadata,
    attempts: completion.attempts,
    error: completion.error,
    prompt_tokens: usage?.promptTokens ?? null,
    completion_tokens: usage?.completionTokens ?? null,
    total_tokens: usage?.totalTokens ?? null,
    cached_tokens: usage?.cachedTokens ?? null,
    reasoning_tokens: usage?.reasoningTokens ?? null,
    cost_micros: usage?.costMicros ?? null,
    usage_source: usage?.source ?? null,
    created_at: completion.createdAt,
    first_token_at: completion.firstTokenAt,
    finished_at: completion.finishedAt,
  }
}

function endedRow({ toolCalls, finishReason, ...message }: EndedMessage) {
  return { ...message, tool_calls: toolCalls.length === 0 ? null : toolCalls, finish_reason: finishReason }
}

const selectSql = (condition: string) =>
  statement<CompletionRow>(`${selectCompletions} WHERE ${condition}`, completionColumns)

const findSql = selectSql(`${visible} AND c.id = ANY($2::uuid[])`)
const loadSql = selectSql('c.id = ANY($1::uuid[])')
const activeSql = selectSql(`c.conversation_id = ANY($1::uuid[]) AND c.status = 'IN_PROGRESS' ORDER BY c.id`)

const byKeySql = statement<CompletionRow & { isDeleted: boolean }>(
  `SELECT ${listOf('c', completionColumns)}, c.deleted_at IS NOT NULL AS "isDeleted" FROM completions c
  WHERE c.requester_id = $1 AND c.idempotency_key = $2`,
  { ...completionColumns, isDeleted: 'boolean' },
)

export function createCompletions(database: Database): Completions {
  const { query, queryEnding } = database
  const select = async (text: Statement<CompletionRow>, values: readonly unknown[]) =>
    (await query(text, values)).map(completionOf)
  const endBy =
    (text: Statement<StoredEnd>) =>
    async (completion: Completion, replicaId: string, messages: readonly EndedMessage[]) => {
      const values = [
        JSON.stringify(completionRow(completion, null)),
        replicaId,
        JSON.stringify(messages.map(endedRow)),
        completion.id,
      ]
      return (await queryEnding(text, values))[0] ?? null
    }
  return {
    async insert({ completion, request, newConversation, messages, leaf }, wait) {
      const { conversationId, stored } = completion
      const turnId = stored && wait === null ? conversationId : null
      const row = JSON.stringify({
        ...completionRow(completion, completion.replicaId),
        parameters: request.parameters,
        context_message_ids: request.messageIds,
        question_ids: request.questionIds,
        turn_id: turnId,
      })
      const rows = JSON.stringify(messages.map(messageRow))
      const leafId = leaf?.leafId ?? null
      if (conversationId === null || newConversation !== null) {
        const made = JSON.stringify(newConversation === null ? [] : [conversationRow(newConversation)])
        return (await query(insertNewSql, [row, made, rows, leafId])).length === 1
      }
      const place = leaf === null ? [null, null, false] : [leaf.parentId, conversationId, leaf.isAtLeaf]
      const values = [row, rows, leafId, ...place]
      if (wait === null) return (await query(insertSql, [...values, null, 0])).length === 1
      // Under the lock, everything that entered the queue before is counted.
      const queued = [...values, wait.request, wait.maxQueueLength]
      return (await withConversationLock(database, conversationId, insertSql, queued)) !== null
    },
    end: endBy(endOwnSql),
    endLost: endBy(endLostSql),
    find: (viewerId, ids) => select(findSql, [viewerId, ids]),
    async byKey(requesterId, idempotencyKey) {
      const [found] = await query(byKeySql, [requesterId, idempotencyKey])
      if (found === undefined) return null
      const { isDeleted, ...row } = found
      return { completion: completionOf(row), isDeleted }
    },
    load: (ids) => select(loadSql, [ids]),
    active: (ids) => select(activeSql, [ids]),
    async requestCancel(id) {
      await queryEnding(requestCancelSql, [id])
    },
    async cancelRequested(replicaId) {
      return (await query(cancelRequestedSql, [replicaId])).map(({ id }) => id)
    },
    async keepWatched(ids) {
      await query(keepWatchedSql, [ids])
    },
    async wasWatchedWithin(id, ms) {
      return (await query(watchedSql, [id, ms])).length === 1
    },
  }
}

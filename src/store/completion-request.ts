import type { Database } from '../database/database.ts'
import { statement } from '../database/statement.ts'
import type { ContextStrategy } from './conversation.ts'

/** How a context was chosen. The messages themselves are listed in the completion's request. */
export interface ContextReport {
  strategy: ContextStrategy
  promptTokens: number
  limit: number | null
  messagesCount: number
  omittedCount: number
}

/** What was sent upstream for a completion. It may be long, so it is read only if a client requests it. */
export interface CompletionRequest {
  /** The parameters by their wire names, without the messages. */
  parameters: Record<string, unknown>
  /** The messages of the context that the report lists, oldest first. */
  messageIds: string[]
}

export interface NewCompletionRequest extends CompletionRequest {
  /** The messages that are inserted with the completion, without its answers. */
  questionIds: string[]
}

/** The context of a question that is sent after a wait. */
export interface LateContext {
  completionId: string
  /** If this replica no longer streams the completion, nothing is written. */
  replicaId: string | null
  report: ContextReport
  messageIds: readonly string[]
}

/** For internal use: access is not checked. */
export interface CompletionRequests {
  ofCompletions(ids: readonly string[]): Promise<Map<string, CompletionRequest>>
  /**
   * For each completion, the ids of the messages that were inserted with it: first the question, then the answers by choice.
   */
  writtenIds(ids: readonly string[]): Promise<Map<string, string[]>>
  recordContext(context: LateContext): Promise<void>
}

const ofCompletionsSql = statement<CompletionRequest & { id: string }>(
  'SELECT id, parameters, context_message_ids AS "messageIds" FROM completions WHERE id = ANY($1::uuid[])',
  { id: 'text', parameters: 'json', messageIds: 'list' },
)

const recordContextSql = statement(`
  UPDATE completions SET context = $3::jsonb, context_message_ids = $4::uuid[]
  WHERE id = $1 AND replica_id = $2 AND status = 'IN_PROGRESS'`)

export function createCompletionRequests({ query, prisma }: Database): CompletionRequests {
  return {
    async ofCompletions(ids) {
      const rows = await query(ofCompletionsSql, [ids])
      return new Map(rows.map(({ id, ...request }) => [id, request]))
    },
    async writtenIds(ids) {
      const answers = { select: { id: true }, orderBy: { choiceIndex: 'asc' } } as const
      const rows = await prisma.completion.findMany({
        where: { id: { in: [...ids] } },
        select: { id: true, questionIds: true, messages: answers },
      })
      return new Map(rows.map(({ id, questionIds, messages }) => [id, [...questionIds, ...messages.map((m) => m.id)]]))
    },
    async recordContext({ completionId, replicaId, report, messageIds }) {
      await query(recordContextSql, [completionId, replicaId, JSON.stringify(report), messageIds])
    },
  }
}

import type { ToolCall } from '../stream/choice.ts'
import type { FinishReason } from '../stream/delta.ts'

export type MessageRole = 'DEVELOPER' | 'SYSTEM' | 'USER' | 'ASSISTANT' | 'TOOL'
export type MessageStatus = 'STREAMING' | 'COMPLETE' | 'PARTIAL'
export type ImageDetail = 'AUTO' | 'LOW' | 'HIGH'

export type ContentPart =
  | { type: 'text'; text: string }
  | { type: 'image'; url: string; detail: ImageDetail | null }
  | { type: 'audio'; data: string; format: string }
  | { type: 'file'; fileId: string | null; fileData: string | null; filename: string | null }

export interface Message {
  id: string
  /** Null for a message of an unstored completion. */
  conversationId: string | null
  parentId: string | null
  role: MessageRole
  content: string | null
  /** Null if the message has only `content`. */
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

export interface NewMessage extends Message {
  conversationId: string
  idempotencyKey: string | null
  inputHash: string | null
}

/** A row for json_populate_recordset, whose fields have the names of the columns. */
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

export type Row = Omit<Message, 'toolCalls'> & { toolCalls: ToolCall[] | null }

export function messageOf(row: Row): Message {
  return { ...row, toolCalls: row.toolCalls ?? [] }
}

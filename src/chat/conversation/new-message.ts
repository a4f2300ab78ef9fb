import { v7 as uuid } from 'uuid'
import type { NewMessage } from '../../store/message.ts'
import { storableJson } from '../../stream/text.ts'
import { type MessageInput, partOf, textOf } from '../prompt/message-input.ts'

export interface NewMessagePosition {
  conversationId: string
  parentId: string | null
  /** null for a message of the model. */
  authorId: string | null
}

export function newMessage(input: MessageInput, position: NewMessagePosition): NewMessage {
  const { role, content, parts, name, toolCalls, toolCallId } = storableJson(input)
  const given = parts && parts.length > 0 ? parts.map(partOf) : null
  return {
    id: uuid(),
    ...position,
    role,
    content: given === null ? (content ?? null) : textOf(given),
    parts: given,
    name: name ?? null,
    refusal: null,
    reasoning: null,
    toolCalls: (toolCalls ?? []).map((call) => ({ id: call.callId, name: call.name, arguments: call.arguments })),
    toolCallId: toolCallId ?? null,
    completionId: null,
    choiceIndex: null,
    finishReason: null,
    logprobs: null,
    status: 'COMPLETE',
    createdAt: new Date(),
    idempotencyKey: null,
    inputHash: null,
  }
}

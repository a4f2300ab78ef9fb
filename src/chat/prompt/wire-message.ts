import type { ContentPart, Message } from '../../store/message.ts'
import { reasoningKey } from '../../upstream/request-body.ts'

export type WireMessage = Record<string, unknown> & { [reasoningKey]?: string }

function wirePart(part: ContentPart): Record<string, unknown> {
  if (part.type === 'text') return { type: 'text', text: part.text }
  if (part.type === 'audio') return { type: 'input_audio', input_audio: { data: part.data, format: part.format } }
  if (part.type === 'image') {
    const detail = part.detail === null ? {} : { detail: part.detail.toLowerCase() }
    return { type: 'image_url', image_url: { url: part.url, ...detail } }
  }
  const { fileId, fileData, filename } = part
  const file = {
    ...(fileId && { file_id: fileId }),
    ...(fileData && { file_data: fileData }),
    ...(filename && { filename }),
  }
  return { type: 'file', file }
}

/** A message in the format of the upstream's API; null for an answer that was cut off before it had any text. */
export function wireMessage(message: Omit<Message, 'id'>): WireMessage | null {
  const { content, parts, name, toolCalls, toolCallId, refusal, reasoning } = message
  const wire: WireMessage = { role: message.role.toLowerCase() }
  if (parts !== null) wire['content'] = parts.map(wirePart)
  else if (content !== null) wire['content'] = content
  if (refusal !== null) wire['refusal'] = refusal
  if (toolCalls.length > 0) {
    wire['tool_calls'] = toolCalls.map((call) => ({
      id: call.id,
      type: 'function',
      function: { name: call.name, arguments: call.arguments },
      ...(call.extra && { extra_content: call.extra }),
    }))
    // Some servers refuse tool calls in a message without this field.
    wire['content'] ??= null
  }
  if (Object.keys(wire).length === 1) return null
  if (reasoning !== null) wire[reasoningKey] = reasoning
  if (name !== null) wire['name'] = name
  if (toolCallId !== null) wire['tool_call_id'] = toolCallId
  return wire
}

/** The text of a message, and how many of its parts are not text: images, recordings and files. */
export function contentOf({ content, refusal, tool_calls: calls }: WireMessage): { text: string; media: number } {
  const parts: Record<string, unknown>[] = Array.isArray(content) ? content : [{ type: 'text', text: content ?? '' }]
  const texts = parts.filter(({ type }) => type === 'text')
  const text = `${texts.map((part) => part['text']).join('')}${refusal ?? ''}${calls ? JSON.stringify(calls) : ''}`
  return { text, media: parts.length - texts.length }
}

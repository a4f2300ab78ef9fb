import { z } from 'zod'
import type { ContentPart, ImageDetail, MessageRole } from '../../store/message.ts'
import { invalidInput } from '../access/error.ts'
import { createCheck, list, maxContentLength, text } from '../access/input-check.ts'

export interface MessageInput {
  role: MessageRole
  content?: string | null
  parts?: readonly ContentPartInput[] | null
  name?: string | null
  toolCalls?: readonly ToolCallInput[] | null
  toolCallId?: string | null
}

export interface ToolCallInput {
  callId: string
  name: string
  arguments: string
}

/** Only one of the fields is set. */
export interface ContentPartInput {
  text?: string | null
  image?: { url: string; detail?: ImageDetail | null } | null
  audio?: { data: string; format: string } | null
  file?: { fileId?: string | null; fileData?: string | null; filename?: string | null } | null
}

export function partOf({ text, image, audio, file }: ContentPartInput): ContentPart {
  if (image) return { type: 'image', url: image.url, detail: image.detail ?? null }
  if (audio) return { type: 'audio', data: audio.data, format: audio.format }
  if (file) {
    return {
      type: 'file',
      fileId: file.fileId ?? null,
      fileData: file.fileData ?? null,
      filename: file.filename ?? null,
    }
  }
  return { type: 'text', text: text ?? '' }
}

/** All text parts, joined; null if there are none. */
export function textOf(parts: readonly ContentPart[]): string | null {
  const texts = parts.filter((part) => part.type === 'text').map((part) => part.text)
  return texts.length === 0 ? null : texts.join('')
}

const content = text(maxContentLength)
// Some servers put the reasoning of the model into the id of a tool call.
const callId = text(10_000)

const part = z.object({
  text: content.nullish(),
  image: z.object({ url: content }).nullish(),
  audio: z.object({ data: content, format: text(64) }).nullish(),
  file: z
    .object({ fileId: text(256).nullish(), fileData: content.nullish(), filename: text(256).nullish() })
    .refine(({ fileId, fileData }) => fileId || fileData, 'needs fileId or fileData')
    .nullish(),
})

const checkShape = createCheck<MessageInput>(
  z.object({
    content: content.nullish(),
    // The maximum number of images in a request to OpenAI.
    parts: list(part, 500).nullish(),
    name: text(256).nullish(),
    toolCalls: list(z.object({ callId, name: text(256), arguments: content }), 128).nullish(),
    toolCallId: callId.nullish(),
  }),
)

/** Refuses messages that no model server would accept, or of which a part would be lost. */
export function checkMessage(message: MessageInput, path: string): void {
  checkShape(message, path)
  const has = {
    content: message.content !== null && message.content !== undefined,
    parts: (message.parts?.length ?? 0) > 0,
    calls: (message.toolCalls?.length ?? 0) > 0,
  }
  if (has.content && has.parts) throw invalidInput(path, 'takes content or parts, not both')
  if (has.calls && message.role !== 'ASSISTANT') {
    throw invalidInput(
      `${path}.toolCalls`,
      `stands in ASSISTANT messages only, not in a message of the role ${message.role}`,
    )
  }
  if (!has.content && !has.parts && !has.calls) throw invalidInput(path, 'has no content, parts or toolCalls')
  checkToolCallId(message, path)
}

function checkToolCallId({ role, toolCallId }: MessageInput, path: string): void {
  if (role === 'TOOL' && !toolCallId) {
    throw invalidInput(`${path}.toolCallId`, 'is needed in a TOOL message: the id of the call that it answers')
  }
  if (role !== 'TOOL' && toolCallId) {
    throw invalidInput(`${path}.toolCallId`, `stands in TOOL messages only, not in a message of the role ${role}`)
  }
}

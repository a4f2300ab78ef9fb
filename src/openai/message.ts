import { z } from 'zod'
import type { MessageInput } from '../chat/prompt/message-input.ts'

// What is stored is understood, and what is not understood is refused by its place. What is only sent goes as it came.

const detail = z.enum(['auto', 'low', 'high'])

const part = z.discriminatedUnion(
  'type',
  [
    z.object({ type: z.literal('text'), text: z.string() }),
    z.object({ type: z.literal('refusal'), refusal: z.string() }),
    z.object({ type: z.literal('image_url'), image_url: z.object({ url: z.string(), detail: detail.nullish() }) }),
    z.object({ type: z.literal('input_audio'), input_audio: z.object({ data: z.string(), format: z.string() }) }),
    z.object({
      type: z.literal('file'),
      file: z.object({
        file_id: z.string().nullish(),
        file_data: z.string().nullish(),
        filename: z.string().nullish(),
      }),
    }),
  ],
  { error: 'takes a part of the type text, refusal, image_url, input_audio or file where the answer is stored' },
)

const call = z.object({
  id: z.string(),
  type: z.literal('function', { error: 'takes function where the answer is stored' }).optional(),
  function: z.object({ name: z.string(), arguments: z.string() }),
})

const role = z.enum(['developer', 'system', 'user', 'assistant', 'tool'], {
  error: 'takes developer, system, user, assistant or tool where the answer is stored',
})

const storedMessage = z.object({
  role,
  content: z.union([z.string(), z.array(part)], { error: 'takes text or a list of parts' }).nullish(),
  refusal: z.string().nullish(),
  name: z.string().nullish(),
  tool_calls: z.array(call).nullish(),
  tool_call_id: z.string().nullish(),
})

/** Of what is sent as it came no more is read than has to be counted. */
const sentMessage = z.looseObject({
  role: z.string(),
  content: z
    .union([z.string(), z.array(z.looseObject({ type: z.string() }))], { error: 'takes text or a list of parts' })
    .nullish(),
})

export const storedMessages = z.array(storedMessage)
export const sentMessages = z.array(sentMessage)

type StoredPart = z.infer<typeof part>

function partInput(given: StoredPart) {
  switch (given.type) {
    case 'text':
      return { text: given.text }
    case 'refusal':
      return { text: given.refusal }
    case 'image_url': {
      const { url, detail: wanted } = given.image_url
      return { image: { url, detail: wanted ? (wanted.toUpperCase() as 'AUTO' | 'LOW' | 'HIGH') : null } }
    }
    case 'input_audio':
      return { audio: given.input_audio }
    case 'file': {
      const { file_id: fileId, file_data: fileData, filename } = given.file
      return { file: { fileId, fileData, filename } }
    }
  }
}

export function messageInput(message: z.infer<typeof storedMessage>): MessageInput {
  const { content, refusal, name, tool_calls: calls, tool_call_id: toolCallId } = message
  const toolCalls = (calls ?? []).map(({ id, function: { name: called, arguments: given } }) => ({
    callId: id,
    name: called,
    arguments: given,
  }))
  const common = { role: roleOf(message.role), name, toolCalls, toolCallId }
  if (Array.isArray(content)) return { ...common, parts: content.map(partInput) }
  const text = content ?? refusal
  // An answer that was cut off before it said anything comes back so.
  return { ...common, content: text ?? (message.role === 'assistant' && toolCalls.length === 0 ? '' : null) }
}

/** How a message that is sent as it came is taken where contexts are chosen. */
export function sentInput({ role: given }: z.infer<typeof sentMessage>): MessageInput {
  const known = role.safeParse(given)
  return { role: known.success ? roleOf(known.data) : 'USER', content: '' }
}

function roleOf(given: z.infer<typeof role>) {
  return given.toUpperCase() as Uppercase<typeof given>
}

import { z } from 'zod'
import type { MessageInput } from '../chat/prompt/message-input.ts'

// A message that is stored must be understood, so an unknown value in it is refused with an error that names its place. A
// message that is only sent to the upstream is sent unchanged.

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

/** Of a message that is sent unchanged, only the fields are read that are needed to count it. */
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
  // An answer that was cut off before its first word comes back from the client without content and calls.
  return { ...common, content: text ?? (message.role === 'assistant' && toolCalls.length === 0 ? '' : null) }
}

/**
 * The form of a message that is sent unchanged when the context is chosen: an unknown role counts as USER, and it has no
 * content.
 */
export function sentInput({ role: given }: z.infer<typeof sentMessage>): MessageInput {
  const known = role.safeParse(given)
  return { role: known.success ? roleOf(known.data) : 'USER', content: '' }
}

function roleOf(given: z.infer<typeof role>) {
  return given.toUpperCase() as Uppercase<typeof given>
}

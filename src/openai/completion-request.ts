import { z } from 'zod'
import type { CompletionInput } from '../chat/prompt/completion-input.ts'
import { counts } from '../chat/prompt/parameter-limits.ts'
import { readId } from '../schema/global-id.ts'
import { invalid, OpenaiError } from './error.ts'
import { messageInput, sentInput, sentMessages, storedMessages } from './message.ts'

/** The headers of a request that have a meaning for this server. */
export interface RequestHeaders {
  idempotencyKey: string | null
  /** A conversation's id, or `new`. */
  conversationId: string | null
  /** `continue` or `cancel`. */
  whenUnwatched: string | null
}

export interface CompletionRequest {
  input: CompletionInput
  isStream: boolean
  includesUsage: boolean
  /** The request has `functions`, the old form of tools. */
  inOldForm: boolean
}

// The fields that the server reads. All other fields are sent to the upstream unchanged, so that its new parameters work at
// once.
const body = z.looseObject({
  model: z.string().nullish(),
  messages: z
    .array(z.unknown())
    .min(1, 'takes at least one message')
    .max(counts.messages, `takes up to ${counts.messages} messages`),
  n: z.number().nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  store: z.boolean().nullish(),
  user: z.string().nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  temperature: z.number().nullish(),
  top_p: z.number().nullish(),
  max_tokens: z.number().nullish(),
  max_completion_tokens: z.number().nullish(),
})

/** Throws an OpenaiError that names the first wrong value. */
export function parse<Shape extends z.ZodType>(shape: Shape, given: unknown, place: string): z.infer<Shape> {
  const read = shape.safeParse(given)
  if (read.success) return read.data
  const [issue] = read.error.issues
  const param = [place, ...(issue?.path ?? [])].map(nameOf).join('').replace(/^\./, '')
  const message = `${param === '' ? 'The body' : param}: ${issue?.message ?? 'is malformed'}`
  throw new OpenaiError(message, { param: param === '' ? null : param, code: 'invalid_input' })
}

function nameOf(key: PropertyKey): string {
  if (key === '') return ''
  return typeof key === 'number' ? `[${key}]` : `.${String(key)}`
}

/** Throws OpenaiError. */
export function readCompletionRequest(given: unknown, headers: RequestHeaders): CompletionRequest {
  const { messages, stream, stream_options: options, ...rest } = parse(body, given, '')
  const { model, n, store, user, metadata, temperature, top_p, max_tokens, max_completion_tokens, ...others } = rest
  if (options && !stream) throw invalid('stream_options', 'is taken only with stream: true')
  const conversationId = joinedConversation(headers, metadata ?? {})
  if (conversationId !== null && store === false) {
    throw invalid('store', 'cannot be false where the answer joins a conversation, since it is stored there')
  }
  const isStored = store === true || conversationId !== null
  return {
    input: {
      ...placeOf(conversationId),
      ...messagesOf(messages, isStored),
      store: isStored,
      idempotencyKey: headers.idempotencyKey,
      whenUnwatched: isStored ? unwatchedPolicy(headers) : 'CANCEL_AT_ONCE',
      model,
      n,
      user,
      temperature,
      topP: top_p,
      maxTokens: max_tokens,
      maxCompletionTokens: max_completion_tokens,
      metadata: metadata ? Object.entries(metadata).map(([key, value]) => ({ key, value })) : null,
      wireParameters: others,
    },
    isStream: stream === true,
    includesUsage: options?.include_usage === true,
    inOldForm: 'functions' in others,
  }
}

/** Returns `new`, the id of a conversation in GraphQL, or null. */
function joinedConversation({ conversationId }: RequestHeaders, metadata: Record<string, string>): string | null {
  const inMetadata = metadata['conversation_id'] ?? null
  if (conversationId !== null && inMetadata !== null && conversationId !== inMetadata) {
    throw invalid('metadata.conversation_id', 'names another conversation than the header x-conversation-id')
  }
  return conversationId ?? inMetadata
}

function placeOf(conversationId: string | null) {
  if (conversationId === null || conversationId === 'new') return {}
  return { conversationId: readId('Conversation', conversationId), isWholeHistory: true }
}

function messagesOf(messages: readonly unknown[], isStored: boolean) {
  if (isStored) return { messages: parse(storedMessages, messages, 'messages').map(messageInput) }
  const wireMessages = parse(sentMessages, messages, 'messages')
  return { messages: wireMessages.map(sentInput), wireMessages }
}

function unwatchedPolicy({ whenUnwatched }: RequestHeaders) {
  if (whenUnwatched === null || whenUnwatched === 'continue') return 'CONTINUE'
  if (whenUnwatched === 'cancel') return 'CANCEL'
  throw invalid('x-when-unwatched', 'takes continue or cancel')
}

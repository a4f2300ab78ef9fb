import type { Completion, Logprobs } from '../chat/completion/completion.ts'
import type { Message } from '../chat/conversation/message.ts'
import { readId, writeId } from '../schema/global-id.ts'
import { wireUsage } from './usage.ts'

const idPrefix = 'chatcmpl-'

/** Returns the id in OpenAI's format, which is a prefix and the id in GraphQL. */
export function completionId({ id }: Pick<Completion, 'id'>): string {
  return idPrefix + writeId('Completion', id)
}

/** For a text that is not such an id, returns an id that no completion has. */
export function readCompletionId(text: string): string {
  return readId('Completion', text.startsWith(idPrefix) ? text.slice(idPrefix.length) : '')
}

/** The fields that a complete answer and a chunk have in common. */
export function completionHead(completion: Completion) {
  const { created, createdAt, model, modelUsed, serviceTier, systemFingerprint } = completion
  return {
    created: created ?? Math.floor(createdAt.getTime() / 1_000),
    model: modelUsed ?? model,
    ...(serviceTier !== null && { service_tier: serviceTier }),
    ...(systemFingerprint !== null && { system_fingerprint: systemFingerprint }),
  }
}

const finishReasons = {
  STOP: 'stop',
  LENGTH: 'length',
  TOOL_CALLS: 'tool_calls',
  CONTENT_FILTER: 'content_filter',
  FUNCTION_CALL: 'function_call',
  // The answer is complete, and clients know no better value for that.
  UNKNOWN: 'stop',
} as const

export function wireFinishReason(reason: keyof typeof finishReasons | null) {
  return reason === null ? null : finishReasons[reason]
}

export function wireLogprobs(logprobs: unknown) {
  if (logprobs === null || logprobs === undefined) return null
  const { content, refusal } = logprobs as Logprobs
  return { content: content.length > 0 ? content : null, refusal: refusal.length > 0 ? refusal : null }
}

/** With `inOldForm`, the call is written as `function_call`, because the request has `functions`. */
function wireAnswer({ content, refusal, reasoning, toolCalls }: Message, inOldForm: boolean) {
  const calls = toolCalls.map(({ id, name, arguments: given }) => ({
    id,
    type: 'function',
    function: { name, arguments: given },
  }))
  const [call] = calls
  return {
    role: 'assistant',
    content,
    refusal,
    ...(reasoning !== null && { reasoning_content: reasoning }),
    ...(call !== undefined && (inOldForm ? { function_call: call.function } : { tool_calls: calls })),
  }
}

export function wireCompletion(completion: Completion, choices: readonly Message[], inOldForm: boolean) {
  return {
    id: completionId(completion),
    object: 'chat.completion',
    ...completionHead(completion),
    choices: choices.map((message, position) => ({
      index: message.choiceIndex ?? position,
      message: wireAnswer(message, inOldForm),
      logprobs: wireLogprobs(message.logprobs),
      finish_reason: wireFinishReason(message.finishReason),
    })),
    ...(completion.usage !== null && { usage: wireUsage(completion.usage) }),
  }
}

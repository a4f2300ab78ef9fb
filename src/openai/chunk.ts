import type { ChoiceDelta, Completion } from '../chat/completion/completion.ts'
import { completionHead, completionId, wireFinishReason, wireLogprobs } from './completion.ts'
import type { OpenaiError } from './error.ts'
import { wireUsage } from './usage.ts'

export interface ChunkShape {
  /** Calls are written as `function_call`, because the request has `functions`. */
  inOldForm: boolean
  /** For `stream_options.include_usage`: every chunk has the field `usage`, and an additional last chunk has its numbers. */
  includesUsage: boolean
}

/** Writes one stream's events, each with its framing. */
export interface ChunkWriter {
  deltas(deltas: readonly ChoiceDelta[]): string
  /** The usage, if it was requested, and [DONE], which marks a complete answer. */
  end(completion: Completion): string
}

export function createChunkWriter(completion: Completion, { inOldForm, includesUsage }: ChunkShape): ChunkWriter {
  const head = { id: completionId(completion), object: 'chat.completion.chunk', ...completionHead(completion) }
  // These parts are serialized only once, because all chunks have them.
  const before = `data: ${JSON.stringify(head).slice(0, -1)},"choices":[`
  const after = includesUsage ? '],"usage":null}\n\n' : ']}\n\n'
  const begun = new Set<number>()

  function chunk(index: number, delta: object, logprobs: unknown, finishReason: string | null): string {
    const choice = { index, delta, logprobs: wireLogprobs(logprobs), finish_reason: finishReason }
    return before + JSON.stringify(choice) + after
  }

  function deltaOf({ index, content, refusal, reasoning, toolCalls }: ChoiceDelta) {
    const isFirst = !begun.has(index)
    begun.add(index)
    return {
      ...(isFirst && { role: 'assistant' }),
      ...((content !== '' || (isFirst && toolCalls.length === 0)) && { content }),
      ...(refusal !== '' && { refusal }),
      ...(reasoning !== '' && { reasoning_content: reasoning }),
      ...(toolCalls.length > 0 && (inOldForm ? functionCall(toolCalls) : { tool_calls: toolCalls.map(wireCall) })),
    }
  }

  return {
    deltas(deltas) {
      let text = ''
      for (const delta of deltas) {
        const content = deltaOf(delta)
        if (Object.keys(content).length > 0 || delta.logprobs !== null)
          text += chunk(delta.index, content, delta.logprobs, null)
        // Clients expect the finish reason in a separate chunk.
        if (delta.finishReason !== null) text += chunk(delta.index, {}, null, wireFinishReason(delta.finishReason))
      }
      return text
    },
    end({ usage }) {
      const counted = includesUsage && usage !== null
      const last = counted ? `data: ${JSON.stringify({ ...head, choices: [], usage: wireUsage(usage) })}\n\n` : ''
      return `${last}data: [DONE]\n\n`
    },
  }
}

type CallDelta = ChoiceDelta['toolCalls'][number]

function wireCall({ index, id, name, arguments: given }: CallDelta) {
  // Only the first delta of a call has the name.
  if (name === null) return { index, function: { arguments: given } }
  return { index, id, type: 'function', function: { name, arguments: given } }
}

/** The old form can express only one call. */
function functionCall(calls: readonly CallDelta[]) {
  const call = calls.find(({ index }) => index === 0)
  if (call === undefined) return {}
  const { name, arguments: given } = call
  return { function_call: name === null ? { arguments: given } : { name, arguments: given } }
}

/** Nothing follows this event, so no client can mistake the answer for a complete one. */
export function errorEvent({ object }: OpenaiError): string {
  return `data: ${JSON.stringify({ error: object })}\n\n`
}

import type { ChoiceDelta, Completion, CompletionEvent } from './completion-documents.ts'

/** A choice in a client that applies each event by its offsets. */
export interface FoldedChoice {
  messageId: string
  content: string
  refusal: string
  reasoning: string
  toolCalls: { callId: string; name: string; arguments: string }[]
  logprobs: { content: unknown[]; refusal: unknown[] }
  finishReason: string | null
}

function blank(messageId: string): FoldedChoice {
  const texts = { content: '', refusal: '', reasoning: '' }
  return { messageId, ...texts, toolCalls: [], logprobs: { content: [], refusal: [] }, finishReason: null }
}

function foldDelta(known: FoldedChoice, delta: ChoiceDelta): FoldedChoice {
  const toolCalls = [...known.toolCalls]
  for (const { index, callId, name, arguments: text, argumentsOffset } of delta.toolCalls) {
    const call = toolCalls[index] ?? { callId: '', name: '', arguments: '' }
    const grown = call.arguments.slice(0, argumentsOffset) + text
    toolCalls[index] = { callId: callId ?? call.callId, name: name ?? call.name, arguments: grown }
  }
  const { logprobs, logprobsOffset } = delta
  const grownLogprobs = logprobs !== null &&
    logprobsOffset !== null && {
      content: [...known.logprobs.content.slice(0, logprobsOffset.content), ...logprobs.content],
      refusal: [...known.logprobs.refusal.slice(0, logprobsOffset.refusal), ...logprobs.refusal],
    }
  return {
    messageId: delta.messageId,
    content: known.content.slice(0, delta.contentOffset) + delta.content,
    refusal: known.refusal.slice(0, delta.refusalOffset) + delta.refusal,
    reasoning: known.reasoning.slice(0, delta.reasoningOffset) + delta.reasoning,
    toolCalls,
    logprobs: grownLogprobs || known.logprobs,
    finishReason: delta.finishReason ?? known.finishReason,
  }
}

export function foldEvent(choices: readonly FoldedChoice[], event: CompletionEvent): readonly FoldedChoice[] {
  if (!('choices' in event)) return choices
  const folded = event.__typename === 'CompletionSnapshot' ? [] : [...choices]
  for (const delta of event.choices) {
    folded[delta.index] = foldDelta(folded[delta.index] ?? blank(delta.messageId), delta)
  }
  return folded
}

/** The choices that the events should fold to. */
export function storedChoices({ choices }: Completion): FoldedChoice[] {
  return choices.map(({ finishReason, logprobs, message }) => ({
    messageId: message.id,
    content: message.content ?? '',
    refusal: message.refusal ?? '',
    reasoning: message.reasoning ?? '',
    toolCalls: message.toolCalls.map(({ callId, name, arguments: text }) => ({ callId, name, arguments: text })),
    logprobs: (logprobs as FoldedChoice['logprobs'] | null) ?? { content: [], refusal: [] },
    finishReason,
  }))
}

import type { ChoiceDelta, ToolCallDelta } from './delta.ts'
import { type ChoicePosition, choiceStart, type Position } from './position.ts'

export interface ToolCallPiece extends ToolCallDelta {
  argumentsOffset: number
}

/**
 * A delta with the offset at which each of its texts begins, in UTF-16 code units, and each of its lists, in entries. A client
 * that cuts its text at the offset before it appends can receive a piece twice, or merged differently, and still gets the right
 * text.
 */
export interface ChoicePiece extends ChoiceDelta {
  contentOffset: number
  refusalOffset: number
  reasoningOffset: number
  toolCalls: ToolCallPiece[]
  /** null if there are no log probabilities. */
  logprobsOffset: { content: number; refusal: number } | null
}

function pieceOf(delta: ChoiceDelta, from: ChoicePosition): ChoicePiece {
  return {
    ...delta,
    contentOffset: from.content,
    refusalOffset: from.refusal,
    reasoningOffset: from.reasoning,
    toolCalls: delta.toolCalls.map((call) => ({
      ...call,
      argumentsOffset: Math.max(0, (from.toolCalls[call.index] ?? 0) - 1),
    })),
    logprobsOffset: delta.logprobs === null ? null : { content: from.contentLogprobs, refusal: from.refusalLogprobs },
  }
}

/** `deltas` are those of an answer since the position `from`. */
export function piecesFrom(from: Position, deltas: readonly ChoiceDelta[]): ChoicePiece[] {
  return deltas.map((delta) => pieceOf(delta, from[delta.index] ?? choiceStart))
}

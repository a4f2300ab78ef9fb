import type { ContextReport } from '../../store/completion-request.ts'
import type { Message } from '../../store/message.ts'
import { ChatError } from '../access/error.ts'
import { exceeds, type Plan, type Size, sumOf } from './context-plan.ts'
import { fitting, type Piece, unitsOf, type Weigh } from './context-unit.ts'
import type { WireMessage } from './wire-message.ts'

/** The maximum number of messages that a report lists. Of a longer context, it lists the newest. */
export const listedMessages = 200

export interface ContextRequest {
  plan: Plan
  /** The system prompt of the conversation, which is always sent. */
  system: readonly WireMessage[]
  systemSize: Size
  /** The path to the parent, oldest first; or only its end, together with the earlier instructions, which are always sent. */
  history: readonly Piece[]
  /** The new messages, which are always sent. */
  question: readonly Piece[]
  questionMessages: readonly Message[]
  /** The number of messages on the whole path, including the new ones. */
  pathLength: number
  weigh: Weigh
}

export interface Context {
  messages: WireMessage[]
  report: ContextReport
  /** The ids of the messages that the report lists, oldest first. */
  messageIds: string[]
  /**
   * True if a part of the history did not fit. Then all older messages are left out, too, except for those that are always
   * sent.
   */
  isCut: boolean
}

/** Throws CONTEXT_TOO_LONG if the messages that must be sent do not fit. */
export async function assembleContext(request: ContextRequest): Promise<Context> {
  const { plan, system, systemSize, weigh } = request
  const units = await unitsOf(request.history, request.question, weigh)
  const kept = fitting(units, plan.budget, systemSize)
  const sent = kept.flatMap(({ pieces }) => pieces)
  const size = sumOf([systemSize, ...sent.map((piece) => piece.size)])
  const report: ContextReport = {
    strategy: plan.strategy,
    promptTokens: size.tokens,
    limit: plan.limit,
    messagesCount: sent.length,
    omittedCount: Math.max(0, request.pathLength - sent.length),
  }
  const messageIds = sent.slice(-listedMessages).map(({ message }) => message.id)
  // With FULL, a path that is too long is refused by its length, before all of it is read.
  const isLong = plan.strategy === 'FULL' && request.pathLength > plan.bound.messages
  if (isLong || exceeds(size, plan.bound)) {
    const message = tooLong(isLong ? { ...size, messages: request.pathLength } : size, plan)
    const unwritten = { ...report, messageIds, questionMessages: request.questionMessages, tooLong: true }
    throw new ChatError({ code: 'CONTEXT_TOO_LONG', message, report: unwritten })
  }
  return {
    messages: [...system, ...sent.map(({ wire }) => wire)],
    report,
    messageIds,
    isCut: kept.length < units.length,
  }
}

// The sizes are minimums, because a context that is too long is not read to its end.
function tooLong({ messages, tokens, bytes }: Size, { bound }: Plan): string {
  if (messages > bound.messages) {
    return `What has to be sent has ${messages} messages, and ${bound.messages} are allowed: leave some out with context.`
  }
  if (tokens > bound.tokens) {
    return `What has to be sent takes at least about ${tokens} tokens, and ${bound.tokens} are allowed.`
  }
  return `What has to be sent takes at least ${bytes} bytes, and ${bound.bytes} are allowed: leave some out with context.`
}

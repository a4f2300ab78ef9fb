import type { ContextReport } from '../../store/completion-request.ts'
import type { Message } from '../../store/message.ts'
import { ChatError } from '../access/error.ts'
import { exceeds, type Plan, type Size, sumOf } from './context-plan.ts'
import { fitting, type Piece, unitsOf, type Weigh } from './context-unit.ts'
import type { WireMessage } from './wire-message.ts'

/** How many messages a report lists: of a longer context the newest. */
export const listedMessages = 200

export interface ContextRequest {
  plan: Plan
  /** The instructions of the conversation, which always stay. */
  system: readonly WireMessage[]
  systemSize: Size
  /** The path to the parent, oldest first, or its end and what of the rest always stays. */
  history: readonly Piece[]
  /** What is new: it always stays. */
  question: readonly Piece[]
  questionMessages: readonly Message[]
  /** How many messages the whole path has, the new ones included. */
  pathLength: number
  weigh: Weigh
}

export interface Context {
  messages: WireMessage[]
  report: ContextReport
  /** Those of the messages that the report lists, oldest first. */
  messageIds: string[]
  /** Something of the history did not fit: then nothing that is older does, but for what always stays. */
  isCut: boolean
}

/** Throws CONTEXT_TOO_LONG where what has to stay does not fit. */
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
  // All of a long path is refused by its length, before all of it is read.
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

// What is too long is not read to its end: there may be more of it.
function tooLong({ messages, tokens, bytes }: Size, { bound }: Plan): string {
  if (messages > bound.messages) {
    return `What has to be sent has ${messages} messages, and ${bound.messages} are allowed: leave some out with context.`
  }
  if (tokens > bound.tokens) {
    return `What has to be sent takes at least about ${tokens} tokens, and ${bound.tokens} are allowed.`
  }
  return `What has to be sent takes at least ${bytes} bytes, and ${bound.bytes} are allowed: leave some out with context.`
}

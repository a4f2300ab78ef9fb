import type { ContextReport } from '../store/completion.ts'
import type { ContextStrategy } from '../store/conversation.ts'
import type { Message } from '../store/message.ts'
import type { ContextInput } from './completion-input.ts'
import { ChatError } from './error.ts'
import { countMessages, hasKnownEncoding, roughTokens } from './tokens.ts'
import { type WireMessage, wireMessage } from './wire-message.ts'

/** Chooses of the history where nothing says how much fits; it refuses nothing. */
const defaultTokenBudget = 8_000
const defaultLastN = 20

export interface ContextRequest {
  input: ContextInput | null
  defaultStrategy: ContextStrategy
  systemPrompt: string | null
  /** The path to the parent, oldest first, or its end and what of the rest always stays. */
  history: readonly Message[]
  /** How many messages of the path are not in the history. */
  unread: number
  /** What is new: it always stays. */
  fresh: readonly Message[]
  model: string
  /** Of the model, where it is known, without what the answer may take of it. */
  window: number | null
}

export interface Context {
  messages: WireMessage[]
  report: ContextReport
  /** Something of the history did not fit: then nothing that is older does, but for what always stays. */
  isCut: boolean
}

/** What belongs together: a message, or a call of tools with all its results. */
interface Unit {
  messages: { message: Message; wire: WireMessage; tokens: number }[]
  tokens: number
  stays: boolean
}

interface Plan {
  strategy: ContextStrategy
  /** Of messages or of tokens, by the strategy: chooses of the history. */
  amount: number | null
  /** In tokens: what takes more is not sent. */
  limit: number | null
}

type PlanRequest = Pick<ContextRequest, 'input' | 'defaultStrategy' | 'window'>

/** How much of the path's end is mostly enough; null for all of it. */
export function likelyCount(request: PlanRequest): number | null {
  const { strategy, amount } = planOf(request)
  if (strategy === 'FULL') return null
  // One more message than is wanted shows that it is cut; it may be a call with some results.
  return strategy === 'LAST_N' ? (amount ?? 0) + 8 : 64
}

function planOf({ input, defaultStrategy, window }: PlanRequest): Plan {
  if (typeof input?.tokenBudget === 'number') {
    const amount = Math.min(input.tokenBudget, window ?? Number.POSITIVE_INFINITY)
    return { strategy: 'TOKEN_BUDGET', amount, limit: amount }
  }
  if (typeof input?.lastN === 'number') return { strategy: 'LAST_N', amount: input.lastN, limit: window }
  if (input?.full || defaultStrategy === 'FULL') return { strategy: 'FULL', amount: null, limit: window }
  if (defaultStrategy === 'LAST_N') return { strategy: 'LAST_N', amount: defaultLastN, limit: window }
  return { strategy: 'TOKEN_BUDGET', amount: window ?? defaultTokenBudget, limit: window }
}

function unitsOf(history: readonly Message[], fresh: readonly Message[]): Unit[] {
  const units: Unit[] = []
  const newIds = new Set(fresh.map(({ id }) => id))
  for (const message of [...history, ...fresh]) {
    const wire = wireMessage(message)
    if (wire === null) continue
    const stays = newIds.has(message.id) || message.role === 'SYSTEM' || message.role === 'DEVELOPER'
    const sent = { message, wire, tokens: roughTokens(wire) }
    const call = message.role === 'TOOL' ? callIn(units.at(-1), message) : null
    if (call !== null) {
      call.messages.push(sent)
      call.stays ||= stays
    }
    // A result whose call was deleted would be refused upstream; one that is new is the client's own affair.
    else if (message.role !== 'TOOL' || stays) units.push({ messages: [sent], tokens: 0, stays })
  }
  return units.flatMap((unit) => (isWhole(unit) ? [unit] : withoutCalls(unit)))
}

/** A call that lacks a result, since that was deleted or never given, would be refused upstream. */
function isWhole({ messages: [call, ...results], stays }: Unit): boolean {
  const isAnswered = ({ id }: { id: string }) => results.some(({ message }) => message.toolCallId === id)
  return stays || call === undefined || call.message.toolCalls.every(isAnswered)
}

/** What the model said beside its calls stays. */
function withoutCalls({ messages: [call], stays }: Unit): Unit[] {
  const wire = call === undefined ? null : wireMessage({ ...call.message, toolCalls: [] })
  if (call === undefined || wire === null) return []
  return [{ messages: [{ ...call, wire, tokens: roughTokens(wire) }], tokens: 0, stays }]
}

/** The unit, where it begins with the call that this is a result of. */
function callIn(unit: Unit | undefined, { toolCallId }: Message): Unit | null {
  const isCall = unit?.messages[0]?.message.toolCalls.some(({ id }) => id === toolCallId)
  return unit !== undefined && isCall ? unit : null
}

async function countExactly(model: string, units: readonly Unit[]): Promise<void> {
  const all = units.flatMap(({ messages }) => messages)
  const counts = await countMessages(
    model,
    all.map(({ wire }) => wire),
  )
  for (const [index, sent] of all.entries()) sent.tokens = counts[index] ?? 0
}

/** The newest units that fit, in their order; what stays is paid for first. */
function fitting(units: readonly Unit[], budget: number, cost: (unit: Unit) => number): Unit[] {
  let left = budget - units.filter((unit) => unit.stays).reduce((sum, unit) => sum + cost(unit), 0)
  let isOpen = true
  const kept = [...units].reverse().filter((unit) => {
    if (unit.stays) return true
    left -= cost(unit)
    isOpen &&= left >= 0
    return isOpen
  })
  return kept.reverse()
}

function select(units: Unit[], { strategy, amount }: Plan, systemTokens: number): Unit[] {
  if (amount === null) return units
  if (strategy === 'LAST_N') return fitting(units, amount, (unit) => unit.messages.length)
  return fitting(units, amount - systemTokens, (unit) => unit.tokens)
}

/** Throws CONTEXT_TOO_LONG where what has to stay does not fit. */
export async function assembleContext(request: ContextRequest): Promise<Context> {
  const plan = planOf(request)
  const units = unitsOf(request.history, request.fresh)
  const system = request.systemPrompt ? [{ role: 'system', content: request.systemPrompt }] : []
  let [systemTokens = 0] = system.map(roughTokens)
  const { strategy, limit } = plan
  if (limit !== null || strategy === 'TOKEN_BUDGET' || hasKnownEncoding(request.model)) {
    await countExactly(request.model, units)
    const [exactly = 0] = await countMessages(request.model, system)
    systemTokens = exactly
  }
  for (const unit of units) unit.tokens = unit.messages.reduce((sum, { tokens }) => sum + tokens, 0)
  const kept = select(units, plan, systemTokens)
  const sent = kept.flatMap(({ messages }) => messages)
  const report: ContextReport = {
    strategy,
    promptTokens: systemTokens + kept.reduce((sum, { tokens }) => sum + tokens, 0),
    limit,
    messageIds: sent.map(({ message }) => message.id),
    omittedCount: request.unread + request.history.length + request.fresh.length - sent.length,
  }
  if (limit !== null && report.promptTokens > limit) {
    const message = `What has to be sent takes about ${report.promptTokens} tokens, and ${limit} are allowed.`
    throw new ChatError({ code: 'CONTEXT_TOO_LONG', message, report: { ...report, fresh: request.fresh } })
  }
  return { messages: [...system, ...sent.map(({ wire }) => wire)], report, isCut: kept.length < units.length }
}

import type { Message } from '../../store/message.ts'
import { byteSize } from '../access/byte-size.ts'
import { exceeds, type Size, sumOf } from './context-plan.ts'
import { type WireMessage, wireMessage } from './wire-message.ts'

/** A message that can be sent to a model. */
export interface Piece {
  message: Message
  wire: WireMessage
  size: Size
}

/** Pieces that must be sent together: one message, or a message with tool calls and all their results. */
export interface Unit {
  pieces: Piece[]
  stays: boolean
}

/** Counts the prompt tokens of each message. */
export type Weigh = (messages: readonly WireMessage[]) => Promise<number[]>

/**
 * The messages that can be sent. An answer that was cut off before it had any text is left out. `given` are the messages in the
 * format of the upstream, if the client sent them so.
 */
export async function piecesOf(
  messages: readonly Message[],
  weigh: Weigh,
  given: readonly WireMessage[] = [],
): Promise<Piece[]> {
  const wires = messages.flatMap((message, index) => {
    const wire = given[index] ?? wireMessage(message)
    return wire === null ? [] : [{ message, wire }]
  })
  const tokens = await weigh(wires.map(({ wire }) => wire))
  return wires.map(({ message, wire }, index) => ({
    message,
    wire,
    size: { messages: 1, tokens: tokens[index] ?? 0, bytes: byteSize(wire) },
  }))
}

export async function unitsOf(history: readonly Piece[], question: readonly Piece[], weigh: Weigh): Promise<Unit[]> {
  const units: Unit[] = []
  const newest = new Set(question)
  for (const piece of [...history, ...question]) {
    const { role } = piece.message
    const stays = newest.has(piece) || role === 'SYSTEM' || role === 'DEVELOPER'
    const call = role === 'TOOL' ? callIn(units.at(-1), piece.message) : null
    if (call !== null) {
      call.pieces.push(piece)
      call.stays ||= stays
    }
    // The upstream would refuse a result whose call was deleted. A result that the client has just sent is not left out.
    else if (role !== 'TOOL' || stays) units.push({ pieces: [piece], stays })
  }
  return repaired(units, weigh)
}

/** Removes tool calls without a result, which the upstream would refuse. The text of the message stays. */
async function repaired(units: readonly Unit[], weigh: Weigh): Promise<Unit[]> {
  const calls = units.flatMap((unit) => (isWhole(unit) ? [] : unit.pieces.slice(0, 1)))
  const spoken = await piecesOf(
    calls.map(({ message }) => ({ ...message, toolCalls: [] })),
    weigh,
  )
  const spokenById = new Map(spoken.map((piece) => [piece.message.id, piece]))
  return units.flatMap((unit) => {
    if (isWhole(unit)) return [unit]
    const piece = spokenById.get(unit.pieces[0]?.message.id ?? '')
    return piece === undefined ? [] : [{ ...unit, pieces: [piece] }]
  })
}

/** True if all results of the tool calls are in the context. */
function isWhole({ pieces: [call, ...results], stays }: Unit): boolean {
  const isAnswered = ({ id }: { id: string }) => results.some(({ message }) => message.toolCallId === id)
  return stays || call === undefined || call.message.toolCalls.every(isAnswered)
}

/** Returns the unit if it begins with the tool call whose result this is. */
function callIn(unit: Unit | undefined, { toolCallId }: Message): Unit | null {
  const isCall = unit?.pieces[0]?.message.toolCalls.some(({ id }) => id === toolCallId)
  return unit !== undefined && isCall ? unit : null
}

/** The newest units within the budget, in their order. Units that always stay are counted first, even beyond the budget. */
export function fitting(units: readonly Unit[], budget: Size, spent: Size): Unit[] {
  const sizeOf = ({ pieces }: Unit) => sumOf(pieces.map(({ size }) => size))
  let taken = sumOf([spent, ...units.filter(({ stays }) => stays).map(sizeOf)])
  let isOpen = true
  const kept = [...units].reverse().filter((unit) => {
    if (unit.stays) return true
    taken = sumOf([taken, sizeOf(unit)])
    isOpen &&= !exceeds(taken, budget)
    return isOpen
  })
  return kept.reverse()
}

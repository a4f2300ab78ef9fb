import type { Message } from '../../store/message.ts'
import { byteSize } from '../access/byte-size.ts'
import { exceeds, type Size, sumOf } from './context-plan.ts'
import { type WireMessage, wireMessage } from './wire-message.ts'

/** A message that can be sent. */
export interface Piece {
  message: Message
  wire: WireMessage
  size: Size
}

/** What belongs together: a message, or a call of tools with all its results. */
export interface Unit {
  pieces: Piece[]
  stays: boolean
}

/** What each costs of the prompt, in tokens. */
export type Weigh = (messages: readonly WireMessage[]) => Promise<number[]>

/**
 * Those that can be sent: an answer that was cut off before it said anything cannot. `given` are the forms in which the
 * messages are to be sent, where they are known.
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
    // A result whose call was deleted would be refused upstream; one that is new is the client's own affair.
    else if (role !== 'TOOL' || stays) units.push({ pieces: [piece], stays })
  }
  return repaired(units, weigh)
}

/** A call that lacks a result would be refused upstream; what the model said beside it stays. */
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

/** All its results are there: none was deleted, or never given. */
function isWhole({ pieces: [call, ...results], stays }: Unit): boolean {
  const isAnswered = ({ id }: { id: string }) => results.some(({ message }) => message.toolCallId === id)
  return stays || call === undefined || call.message.toolCalls.every(isAnswered)
}

/** The unit, where it begins with the call that this is a result of. */
function callIn(unit: Unit | undefined, { toolCallId }: Message): Unit | null {
  const isCall = unit?.pieces[0]?.message.toolCalls.some(({ id }) => id === toolCallId)
  return unit !== undefined && isCall ? unit : null
}

/** The newest units within the budget, in their order. What stays is paid for first, whatever it costs. */
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

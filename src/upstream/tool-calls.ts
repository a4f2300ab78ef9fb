import { type ChunkChoice, indexOf, type ToolCallDelta } from './chunk.ts'

interface Begun {
  wireIndex: number
  /** null as long as no fragment has brought it */
  id: string | null
  index: number
}

/**
 * Gives each tool call of an answer an index of its own. Some servers (Gemini's compatible endpoint) send calls one
 * after the other under the index 0, others under none: there a new id with a name begins another call.
 */
export function createToolCallPlaces() {
  const choices = new Map<number, ReturnType<typeof createPlaces>>()

  return function place({ index, toolCalls }: ChunkChoice): void {
    if (toolCalls.length === 0) return
    const indexIn = choices.get(index) ?? createPlaces()
    choices.set(index, indexIn)
    for (const call of toolCalls) call.index = indexIn(call)
  }
}

/** Of one choice. Throws UpstreamError where there are more calls than an answer can have. */
function createPlaces() {
  const calls: Begun[] = []

  function find({ index, id, name }: ToolCallDelta): Begun | undefined {
    const last = calls.findLast(({ wireIndex }) => wireIndex === index)
    if (!id || !last || last.id === id) return last
    // Some servers give every fragment an id of its own, but only the first a name.
    const isItsOwn = last.id === null || !name
    return calls.find((call) => call.wireIndex === index && call.id === id) ?? (isItsOwn ? last : undefined)
  }

  function begin({ index: wireIndex }: ToolCallDelta): Begun {
    const isTaken = calls.some(({ index }) => index === wireIndex)
    const index = isTaken ? indexOf(Math.max(...calls.map((call) => call.index)) + 1, 0) : wireIndex
    const call: Begun = { wireIndex, id: null, index }
    calls.push(call)
    return call
  }

  return function indexIn(delta: ToolCallDelta): number {
    const call = find(delta) ?? begin(delta)
    call.id ??= delta.id || null
    return call.index
  }
}

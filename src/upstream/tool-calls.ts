import { type ChunkChoice, malformed, type ToolCallDelta } from './chunk.ts'

interface Call {
  wireIndex: number
  /** null as long as no fragment has brought it */
  id: string | null
  /** what came of its arguments before its name */
  early: string
  /** null as long as it has no name */
  index: number | null
}

// As many as a viewer's cursor has room for. OpenAI allows 128 tools.
const maxToolCalls = 128

/**
 * Numbers the tool calls of an answer from 0 on, as they are stored, in the order in which their names come: a call is
 * held back until it has one. The wire's own indexes may begin at 1 or have gaps. Some servers (Gemini's compatible
 * endpoint) send calls one after the other under the index 0, others under none: there a new id with a name begins another
 * call.
 */
export function createToolCallPlaces() {
  const choices = new Map<number, ReturnType<typeof createPlaces>>()

  /** Throws UpstreamError where there are more calls than an answer can have. */
  return function place(choice: ChunkChoice): void {
    if (choice.toolCalls.length === 0) return
    const placed = choices.get(choice.index) ?? createPlaces()
    choices.set(choice.index, placed)
    choice.toolCalls = choice.toolCalls.flatMap(placed)
  }
}

/** Of one choice. */
function createPlaces() {
  const calls: Call[] = []
  let named = 0

  function find({ index, id, name }: ToolCallDelta): Call | undefined {
    const last = calls.findLast(({ wireIndex }) => wireIndex === index)
    if (!id || !last || last.id === id) return last
    // Some servers give every fragment an id of its own, but only the first a name.
    const isItsOwn = last.id === null || !name
    return calls.find((call) => call.wireIndex === index && call.id === id) ?? (isItsOwn ? last : undefined)
  }

  function begin({ index: wireIndex }: ToolCallDelta): Call {
    if (calls.length === maxToolCalls) throw malformed()
    const call: Call = { wireIndex, id: null, early: '', index: null }
    calls.push(call)
    return call
  }

  return function placed(delta: ToolCallDelta): ToolCallDelta[] {
    const call = find(delta) ?? begin(delta)
    call.id ??= delta.id || null
    if (call.index !== null) return [{ ...delta, index: call.index }]
    call.early += delta.arguments
    if (!delta.name) return []
    call.index = named++
    return [{ index: call.index, id: call.id, name: delta.name, arguments: call.early }]
  }
}

import { type ChunkChoice, malformed, type ToolCallDelta } from './chunk.ts'
import { UpstreamError } from './error.ts'

interface Call {
  wireIndex: number
  /** null as long as no fragment has brought it; so is the name */
  id: string | null
  name: string | null
  /** what came of its arguments before it was told */
  early: string
  /** null as long as it is held back */
  index: number | null
}

// As many as a viewer's cursor has room for. OpenAI allows 128 tools.
const maxToolCalls = 128

/**
 * Numbers the tool calls of an answer from 0 on, as they are stored: the wire's own indexes may begin at 1 or have gaps.
 * Some servers (Gemini's compatible endpoint) send calls one after the other under the index 0, others under none: there a
 * new id with a name begins another call. As the first delta of a call must tell who it is, it is held back until it has a
 * name, and an id too, unless its arguments begin or the choice ends without one.
 */
export function createToolCallPlaces() {
  const choices = new Map<number, ReturnType<typeof createSlots>>()

  return {
    /** Throws UpstreamError where there are more calls than an answer can have, or one has no name at its end. */
    place(choice: ChunkChoice): void {
      if (choice.toolCalls.length === 0 && choice.finishReason === null) return
      const slots = choices.get(choice.index) ?? createSlots()
      choices.set(choice.index, slots)
      choice.toolCalls = choice.toolCalls.flatMap(slots.add)
      if (choice.finishReason !== null) choice.toolCalls.push(...slots.heldBack().map(slots.tell))
    },
    /** The answer has ended. Throws UpstreamError where a call of it was never told. */
    end(): void {
      for (const slots of choices.values()) if (slots.heldBack().length > 0) throw unfinished()
    },
  }
}

/** Of one choice. */
function createSlots() {
  const calls: Call[] = []
  let told = 0

  function find({ index, id, name }: ToolCallDelta): Call | undefined {
    const last = calls.findLast(({ wireIndex }) => wireIndex === index)
    if (!id || !last || last.id === id) return last
    // Some servers give every fragment an id of its own, but only the first a name.
    const isItsOwn = last.id === null || !name
    return calls.find((call) => call.wireIndex === index && call.id === id) ?? (isItsOwn ? last : undefined)
  }

  function begin({ index: wireIndex }: ToolCallDelta): Call {
    if (calls.length === maxToolCalls) throw malformed()
    const call: Call = { wireIndex, id: null, name: null, early: '', index: null }
    calls.push(call)
    return call
  }

  function tell(call: Call): ToolCallDelta {
    const { id, name, early } = call
    if (name === null) throw unfinished()
    call.index = told++
    return { index: call.index, id, name, arguments: early }
  }

  return {
    add(delta: ToolCallDelta): ToolCallDelta[] {
      const call = find(delta) ?? begin(delta)
      call.id ??= delta.id || null
      call.name ??= delta.name || null
      if (call.index !== null) return [{ ...delta, index: call.index }]
      call.early += delta.arguments
      return call.name !== null && (call.id !== null || call.early !== '') ? [tell(call)] : []
    },
    // Some servers send fragments with nothing in them: those are no call.
    heldBack: () => calls.filter(({ index, name, early }) => index === null && (name !== null || early !== '')),
    tell,
  }
}

function unfinished(): UpstreamError {
  return new UpstreamError('UPSTREAM_PROTOCOL', 'The upstream ended the answer within a tool call.')
}

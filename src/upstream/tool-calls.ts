import { randomBytes } from 'node:crypto'
import { type ChunkChoice, malformed, type ToolCallDelta } from './chunk.ts'
import { UpstreamError } from './error.ts'
import { isObject, parseJson } from './json.ts'

interface Call {
  wireIndex: number
  /** null until a fragment has brought it; the same is true of the name */
  id: string | null
  name: string | null
  extra: ToolCallDelta['extra']
  /** what came of its arguments so far */
  arguments: string
  /** null as long as it is held back */
  index: number | null
  /** It has begun with the name of the one before it, and may be no more than a repetition of that. */
  mayRepeat: boolean
}

// A viewer's cursor has room for this many calls. OpenAI allows 128 tools.
const maxToolCalls = 128

/**
 * Numbers the tool calls of an answer from 0 on, as they are stored: the wire's own indexes may begin at 1 or have gaps.
 * Some servers send calls one after the other under the index 0 (Gemini's compatible endpoint), others under none, and some
 * with the same id for all, or with none: there a new id with a name begins another call, and so does a name where the call
 * before it has another one, or all its arguments. As the first delta of a call must tell who it is, it is held back until it
 * has a name, and an id too, unless its arguments begin or the choice ends without one: then it gets an id of ours, since the
 * message with its result has to name it. So does a call whose id another one has.
 */
export function createToolCallPlaces() {
  const choices = new Map<number, ReturnType<typeof createSlots>>()

  return {
    /** Throws UpstreamError if there are more calls than an answer can have, or if a call has no name at its end. */
    place(choice: ChunkChoice): void {
      if (choice.toolCalls.length === 0 && choice.finishReason === null) return
      const slots = choices.get(choice.index) ?? createSlots()
      choices.set(choice.index, slots)
      choice.toolCalls = choice.toolCalls.flatMap(slots.add)
      if (choice.finishReason !== null) choice.toolCalls.push(...slots.heldBack().map(slots.tell))
    },
    /** The answer has ended: what was still held back, by choice. Throws UpstreamError where a call of it has no name. */
    end(): { index: number; toolCalls: ToolCallDelta[] }[] {
      return [...choices].map(([index, slots]) => ({ index, toolCalls: slots.heldBack().map(slots.tell) }))
    },
  }
}

/** The calls of one choice. */
function createSlots() {
  const calls: Call[] = []
  const ids = new Set<string>()

  function find({ index, id, name }: ToolCallDelta): Call | undefined {
    const own = calls.filter(({ wireIndex }) => wireIndex === index)
    const last = own.at(-1)
    if (last === undefined) return undefined
    if (name && beginsAnother(last, name)) return undefined
    if (!id || last.id === id) return last
    // Some servers give every fragment an id of its own, but only the first a name.
    const isItsOwn = last.id === null || !name
    return own.find((call) => call.id === id) ?? (isItsOwn ? last : undefined)
  }

  function begin({ index: wireIndex, id, name, arguments: text }: ToolCallDelta): Call {
    if (calls.length === maxToolCalls) throw malformed()
    const before = calls.findLast((call) => call.wireIndex === wireIndex)
    const mayRepeat = text === '' && before !== undefined && before.name === name && (!id || before.id === id)
    const call = { wireIndex, id: null, name: null, extra: undefined, arguments: '', index: null, mayRepeat }
    calls.push(call)
    return call
  }

  function tell(call: Call): ToolCallDelta {
    const { name, extra } = call
    if (name === null) throw unfinished()
    const id = call.id === null || ids.has(call.id) ? ownId() : call.id
    ids.add(id)
    call.index = calls.filter(({ index }) => index !== null).length
    return { index: call.index, id, name, arguments: call.arguments, ...(extra && { extra }) }
  }

  // Some servers send fragments with nothing in them: those are no call.
  function heldBack() {
    const isCall = (call: Call) => (call.name !== null || call.arguments !== '') && !isRepetition(call)
    return calls.filter((call) => call.index === null && isCall(call))
  }

  return {
    add(delta: ToolCallDelta): ToolCallDelta[] {
      const known = find(delta)
      // Where one takes the index of another, that one is as it will be.
      const before = known ? [] : heldBack().filter(({ name, wireIndex }) => name !== null && wireIndex === delta.index)
      const call = known ?? begin(delta)
      call.id ??= delta.id || null
      call.name ??= delta.name || null
      call.extra ??= delta.extra
      call.arguments += delta.arguments
      if (call.index !== null) return [{ ...delta, index: call.index, id: null, name: null }]
      const isKnown = call.name !== null && (call.id !== null || call.arguments !== '')
      const ready = isKnown && !isRepetition(call) ? [...before, call] : before
      return ready.map(tell)
    },
    heldBack,
    tell,
  }
}

function isRepetition({ mayRepeat, arguments: text }: Call): boolean {
  return mayRepeat && text === ''
}

/** Some servers repeat the name in each fragment: that is no other call, unless this one has all its arguments. */
function beginsAnother({ name, arguments: text }: Call, next: string): boolean {
  return name !== null && (next !== name || isWhole(text))
}

function isWhole(text: string): boolean {
  return text.trimEnd().endsWith('}') && isObject(parseJson(text))
}

function ownId(): string {
  return `call_${randomBytes(12).toString('hex')}`
}

function unfinished(): UpstreamError {
  return new UpstreamError('UPSTREAM_PROTOCOL', 'The upstream ended the answer in the middle of a tool call.')
}

import { randomBytes } from 'node:crypto'
import type { ChoiceDelta, ToolCallDelta } from '../stream/delta.ts'
import { malformed } from './chunk.ts'
import { UpstreamError } from './error.ts'
import { isObject, parseJson } from './json.ts'

interface Call {
  wireIndex: number
  /** null until a fragment has brought it; the same is true of the name */
  id: string | null
  name: string | null
  extra: ToolCallDelta['extra']
  /** the part of its arguments that was received so far */
  arguments: string
  /** null as long as the call is held back */
  index: number | null
  /** It began with the name of the call before it, so it may only be a repetition of that name. */
  mayRepeat: boolean
}

// A viewer's cursor has room for this many calls. OpenAI allows 128 tools.
const maxToolCalls = 128

/**
 * Numbers the tool calls of an answer from 0 on, as they are stored. The upstream's own indexes may begin at 1 or have gaps.
 * Some servers send all calls one after the other with index 0 (Gemini's compatible endpoint), without an index, with the same
 * id or without an id. Then a new id with a name begins another call, and so does a name if the call before it has another name
 * or all its arguments. The first delta of a call must identify it. So a call is held back until it has a name, and until it
 * has an id, or its arguments have begun or the choice has ended without one. In that case this server makes an id, because the
 * message with the call's result has to name it. A call with the id of another call gets a new id, too.
 */
export function createToolCallPlaces() {
  const choices = new Map<number, ReturnType<typeof createSlots>>()

  return {
    /** Throws UpstreamError if there are more calls than an answer can have, or if a call has no name at its end. */
    place(choice: ChoiceDelta): void {
      if (choice.toolCalls.length === 0 && choice.finishReason === null) return
      const slots = choices.get(choice.index) ?? createSlots()
      choices.set(choice.index, slots)
      choice.toolCalls = choice.toolCalls.flatMap(slots.add)
      if (choice.finishReason !== null) choice.toolCalls.push(...slots.heldBack().map(slots.tell))
    },
    /**
     * Call it when the answer has ended. Returns the calls that were still held back, by choice. Throws UpstreamError if one
     * has no name.
     */
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
    // Some servers send a new id with every fragment of a call, but the name only with the first.
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

  // Some servers send empty fragments, which are not a call.
  function heldBack() {
    const isCall = (call: Call) => (call.name !== null || call.arguments !== '') && !isRepetition(call)
    return calls.filter((call) => call.index === null && isCall(call))
  }

  return {
    add(delta: ToolCallDelta): ToolCallDelta[] {
      const known = find(delta)
      // If a call takes the index of another call, the other one is complete.
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

/** Some servers repeat the name in each fragment. The same name begins another call only if this call has all its arguments. */
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

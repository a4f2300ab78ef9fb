import type { WireResult } from './cases.ts'

// What an answer means, found out with all of it at hand and in the plainest way, of a connection that ended in good order. It
// shares no code with what it judges. It knows chunks of text alone: damage brings nothing else into those of the corpus.

interface Event {
  name: string
  data: string
  isLast: boolean
}

type Json = Record<string, unknown>

const isRecord = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
const says = (value: unknown) => (isRecord(value) ? Object.values(value).some(Boolean) : Boolean(value))
const isText = (value: unknown) => value === undefined || value === null || typeof value === 'string'

class Broken extends Error {}

function eventsIn(text: string): { events: Event[]; foreign: number } {
  const events: Event[] = []
  let [name, data, foreign] = ['', [] as string[], 0]
  const lines = text.split(/\r\n|\n|\r/)
  const last = lines.length - 1
  for (const [position, line] of [...lines, ''].entries()) {
    const [, field = '', value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? []
    if (line === '') {
      // The last line has no end: what it belongs to was cut short.
      if (data.length > 0) events.push({ name, data: data.join('\n'), isLast: position >= last })
      ;[name, data] = ['', []]
    } else if (field === 'data') data.push(value)
    else if (field === 'event') name = value
    else if (!['', 'id', 'retry'].includes(field)) foreign++
  }
  return { events, foreign }
}

function isError(name: string, json: unknown): boolean {
  if (name === 'error') return true
  if (!isRecord(json)) return false
  if (json['object'] === 'error' || says(json['error'])) return true
  if ('choices' in json || 'object' in json) return false
  const tells = says(json['msg'] ?? json['message']) && says(json['code'] ?? json['status'])
  return says(json['errors']) || says(json['detail']) || tells
}

/** Throws Broken where it has no meaning. */
function choicesIn(json: Json, mayDrop: number | null) {
  const list = json['choices'] ?? []
  if (!Array.isArray(list)) throw new Broken()
  const choices = list.map((choice) => {
    if (!isRecord(choice)) throw new Broken()
    const { index = 0, delta, message, text, finish_reason: reason } = choice
    const said = delta ?? message ?? { content: text }
    if (!isRecord(said) || !isText(said['content']) || !isText(said['refusal'])) throw new Broken()
    const place = index ?? 0
    if (!Number.isInteger(place) || Number(place) < 0 || Number(place) > 1023) throw new Broken()
    return { index: Number(place), content: String(said['content'] ?? ''), reason, error: choice['error'] }
  })
  return mayDrop === null ? choices : choices.filter(({ index }) => index < mayDrop)
}

const failed = ['error', 'failed', 'unexpected_error']
const cut = [
  'abort',
  'aborted',
  'cancel',
  'cancelled',
  'canceled',
  'incomplete',
  'interrupted',
  'network_error',
  'timeout',
]

type Parsed = { json: unknown } | 'NOTHING' | 'BROKEN'

function parsedOf({ name, data, isLast }: Event, isFinished: boolean): Parsed {
  try {
    const json: unknown = JSON.parse(data)
    return name !== 'error' && (json === null || typeof json === 'string') ? 'NOTHING' : { json }
  } catch {
    if (name === 'error') return { json: data }
    const isKeepAlive = data.length <= 200 && !/[{}"<]/.test(data)
    return isLast || isFinished || isKeepAlive ? 'NOTHING' : 'BROKEN'
  }
}

function choicesOrNull(json: unknown, mayDrop: number | null) {
  try {
    return isRecord(json) ? choicesIn(json, mayDrop) : null
  } catch (broken) {
    if (broken instanceof Broken) return null
    throw broken
  }
}

/** What a choice says of its end: the code of being cut off, true for a finish, null for nothing. */
function endOf({ reason, error }: { reason: unknown; error: unknown }): string | boolean {
  if (says(error) || failed.includes(String(reason))) return 'UPSTREAM_ERROR'
  if (cut.includes(String(reason))) return 'UPSTREAM_TRUNCATED'
  return reason !== null && reason !== undefined && reason !== ''
}

interface State {
  contents: string[]
  finished: Set<number>
  cutOff: string | null
}

/** The code with which the answer ends here, null where it is whole; undefined where it goes on. */
function read(state: State, event: Event): string | null | undefined {
  if (/^\s*"?\[DONE\]"?\s*$/i.test(event.data)) return state.cutOff
  const isFinished = state.finished.size >= state.contents.length
  const parsed = parsedOf(event, isFinished)
  if (parsed === 'NOTHING') return undefined
  if (parsed === 'BROKEN') return 'UPSTREAM_PROTOCOL'
  const isAnError = !isFinished && isError(event.name, parsed.json)
  if (isFinished || isAnError) {
    fold(state, choicesOrNull(parsed.json, state.contents.length) ?? [], false)
    return isAnError ? 'UPSTREAM_ERROR' : undefined
  }
  const choices = choicesOrNull(parsed.json, null)
  if (choices === null || choices.some(({ index }) => index >= state.contents.length)) return 'UPSTREAM_PROTOCOL'
  fold(state, choices, true)
  return undefined
}

/** Where damage took the first field name away, one event is left as a whole document. */
function readDocument(state: State, text: string): string | null {
  const parsed = parsedOf({ name: '', data: text.trim(), isLast: false }, false)
  const json = typeof parsed === 'string' ? null : parsed.json
  if (isRecord(json) && Array.isArray(json['choices']) && json['choices'].length > 0) {
    return read(state, { name: '', data: text.trim(), isLast: false }) ?? state.cutOff
  }
  return isError('', json) ? 'UPSTREAM_ERROR' : 'UPSTREAM_PROTOCOL'
}

/** The text of what comes with an error, or after the finish, counts; what it says of the end does not. */
function fold(state: State, choices: ReturnType<typeof choicesIn>, endCounts: boolean): void {
  for (const choice of choices) {
    state.contents[choice.index] += choice.content
    const end = endCounts && endOf(choice)
    if (typeof end === 'string') state.cutOff ??= end
    if (end === true) state.finished.add(choice.index)
  }
}

export function meaningOf(body: Uint8Array, choices: number): Pick<WireResult, 'contents' | 'code'> {
  const text = new TextDecoder().decode(body)
  const contents = Array<string>(choices).fill('')
  const first = text.trimStart()[0] ?? ''
  const state: State = { contents, finished: new Set(), cutOff: null }
  if (['<', '{', '['].includes(first)) return { contents, code: readDocument(state, text) }
  const { events, foreign } = eventsIn(text)
  for (const event of events) {
    const code = read(state, event)
    if (code !== undefined) return { contents, code }
  }
  if (state.cutOff !== null) return { contents, code: state.cutOff }
  if (state.finished.size >= choices) return { contents, code: null }
  return { contents, code: events.length === 0 && foreign > 0 ? 'UPSTREAM_PROTOCOL' : 'UPSTREAM_TRUNCATED' }
}

/** One answer as an upstream may send it, and what it means. */
export interface WireCase {
  name: string
  body: string
  /** how many were asked for */
  choices: number
  expected: WireResult
}

export interface WireResult {
  /** of each choice */
  contents: string[]
  reasonings: string[]
  /** names and arguments */
  calls: string[]
  /** null: the answer is whole */
  code: string | null
  totalTokens: number | null
}

interface Said {
  choices: number
  deltas: { index: number; delta: object }[]
  contents: string[]
  reasonings: string[]
  calls: string[]
}

const pieces = ['He', 'llo, ', '\u{1f44b}\u{1f3fd}', ' \u00e9\u4e16\u754c', '\n"\\/\u2028\t', '\0<>{}[]']
const text = pieces.join('')

const said: Record<string, Said> = {
  text: {
    choices: 1,
    deltas: pieces.map((content) => ({ index: 0, delta: { content } })),
    contents: [text],
    reasonings: [''],
    calls: [],
  },
  reasoning: {
    choices: 1,
    deltas: [
      { index: 0, delta: { role: 'assistant', content: '', reasoning_content: 'Hm' } },
      { index: 0, delta: { reasoning_content: '', reasoning: '\u{1f914}' } },
      { index: 0, delta: { content: [{ type: 'text', text: 'A ' }] } },
      { index: 0, delta: { content: 'mole.' } },
    ],
    contents: ['A mole.'],
    reasonings: ['Hm\u{1f914}'],
    calls: [],
  },
  calls: {
    choices: 1,
    deltas: [
      { index: 0, delta: { tool_calls: [{ index: 0, id: 'call_1', function: { name: 'dig', arguments: '' } }] } },
      { index: 0, delta: { tool_calls: [{ index: 0, function: { arguments: '{"at":"\u4e16' } }] } },
      { index: 0, delta: { tool_calls: [{ index: 0, function: { arguments: '"}' } }] } },
      { index: 0, delta: { tool_calls: [{ index: 1, id: '', function: { name: 'look', arguments: { up: true } } }] } },
    ],
    contents: [''],
    reasonings: [''],
    calls: ['dig{"at":"\u4e16"}', 'look{"up":true}'],
  },
  'two choices': {
    choices: 2,
    deltas: [
      { index: 0, delta: { content: 'one ' } },
      { index: 1, delta: { content: '\u{1f43e}' } },
      { index: 0, delta: { content: 'two' } },
    ],
    contents: ['one two', '\u{1f43e}'],
    reasonings: ['', ''],
    calls: [],
  },
  nothing: { choices: 1, deltas: [], contents: [''], reasonings: [''], calls: [] },
}

type Write = (json: string, position: number) => string

/** Ways to write an event; all lines end as the case says. */
const dresses: Record<string, Write> = {
  plain: (json) => `data: ${json}\n\n`,
  'without a space': (json) => `data:${json}\n\n`,
  'in lines': (json) => `data: ${JSON.stringify(JSON.parse(json), null, 1).replaceAll('\n', '\ndata: ')}\n\n`,
  'with other fields': (json, position) =>
    `id: ${position}\nevent: message\nretry: 10\nodd: \u{1f44b}\ndata: ${json}\n\n`,
  'between keep-alives': (json) => `: ping\n\ndata:\n\ndata: keep-alive\n\nevent: ping\ndata: {}\n\ndata: ${json}\n\n`,
}

const usage = { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 }
const isWhole = { code: null, totalTokens: null }
const counted = { code: null, totalTokens: 11 }

type End = (choices: number, write: Write) => string

const finishes = (choices: number, reason: string, more: object = {}) => ({
  choices: Array.from({ length: choices }, (_, index) => ({ index, delta: {}, finish_reason: reason, ...more })),
})
const event =
  (object: (choices: number) => object): End =>
  (choices, write) =>
    write(JSON.stringify(object(choices)), 0)
const finish = event((choices) => finishes(choices, 'stop'))
const usageEvent = event(() => ({ choices: [], usage }))
const done: End = () => 'data: [DONE]\n\n'
const as =
  (literal: string): End =>
  () =>
    literal
const together =
  (...ends: End[]): End =>
  (choices, write) =>
    ends.map((end) => end(choices, write)).join('')

const endings: Record<string, [End, Pick<WireResult, 'code' | 'totalTokens'>]> = {
  'a finish, usage and [DONE]': [together(finish, usageEvent, done), counted],
  'a finish alone': [finish, isWhole],
  '[DONE] alone': [done, isWhole],
  'a finish with usage in it': [event((choices) => finishes(choices, 'length', { usage })), counted],
  'a finish and junk': [together(finish, as('data: {"cho\n\ndata: 5\n\ndata: <\n\n'), done), isWhole],
  'a finish, and then an error': [together(finish, as('data: {"error":{"message":"late"}}\n\n')), isWhole],
  '[DONE] without its blank line': [as('data: [DONE]'), isWhole],
  '[DONE] and more': [together(done, as('data: {"choices":[{"delta":{"content":"X"}}]}\n\ndata: <\n\n')), isWhole],
  nothing: [as(''), { code: 'UPSTREAM_TRUNCATED', totalTokens: null }],
  'a part of an event': [as('data: {"choices":[{"del'), { code: 'UPSTREAM_TRUNCATED', totalTokens: null }],
  'an error': [event(() => ({ error: { message: 'gone' } })), { code: 'UPSTREAM_ERROR', totalTokens: null }],
  'an event named error': [as('event: error\ndata: gone\n\n'), { code: 'UPSTREAM_ERROR', totalTokens: null }],
  'what is not JSON': [as('data: {"cho\n\n'), { code: 'UPSTREAM_PROTOCOL', totalTokens: null }],
  'the reason error': [
    together(
      event((choices) => finishes(choices, 'error', { error: { message: 'gone' } })),
      usageEvent,
      done,
    ),
    { code: 'UPSTREAM_ERROR', totalTokens: 11 },
  ],
  'the reason abort': [
    event((choices) => finishes(choices, 'abort')),
    { code: 'UPSTREAM_TRUNCATED', totalTokens: null },
  ],
}

const lineEnds = { LF: '\n', CRLF: '\r\n', CR: '\r' }

/** 3 line ends x 5 contents x 5 dresses x 15 endings, every other one with a byte order mark: 1,125. */
export function wireCases(): WireCase[] {
  const cases: WireCase[] = []
  for (const [lineName, lineEnd] of Object.entries(lineEnds)) {
    for (const [saidName, { choices, deltas, ...meaning }] of Object.entries(said)) {
      for (const [dressName, write] of Object.entries(dresses)) {
        for (const [endName, [end, ending]] of Object.entries(endings)) {
          const events = deltas.map((delta, position) => write(JSON.stringify({ choices: [delta] }), position))
          const lines = `${events.join('')}${end(choices, write)}`
          const body = `${cases.length % 2 === 0 ? '' : '\u{feff}'}${lines.replaceAll('\n', lineEnd)}`
          const name = `${saidName} ${dressName}, then ${endName}, by ${lineName}`
          cases.push({ name, body, choices, expected: { ...meaning, ...ending } })
        }
      }
    }
  }
  return cases
}

import { instanceOf } from './instance.ts'
import type { Language, Manner } from './language.ts'
import type { DemoBehaviour } from './models.ts'
import { type FinishReason, type Limit, type Part, type Piece, piecesOf, type Stretch } from './pieces.ts'
import { createRandom } from './random.ts'
import { type DemoRequest, textOf } from './request.ts'
import { createSampler, type Sample } from './sampler.ts'
import { endOfText, type Tokenizer } from './tokenizer.ts'
import { callFor, questionOf, type ToolCall, wordsOf } from './tools.ts'

export interface Answer {
  toolCall: ToolCall | null
  /** Yields one piece for each token, and returns the finish reason. */
  pieces: Generator<Piece, FinishReason>
}

/** Everything that is needed to write one answer. */
interface Desk {
  language: Language
  request: DemoRequest
  quirk: DemoBehaviour['quirk']
  begin: ReturnType<Language['read']>
  random: () => number
}

const maxQuoteChars = 400
const defaultMaxTokens = 4_096
const filteredAfterTokens = 8
/**
 * A lower temperature counts as 0, because a log probability divided by it would be near the largest possible number or beyond
 * it.
 */
const coldest = 1e-6

/** Returns the n answers to a request. Each is generated only as far as it is read. */
export function writeAnswers(language: Language, request: DemoRequest, { quirk }: DemoBehaviour): Answer[] {
  const stops = (typeof request.stop === 'string' ? [request.stop] : (request.stop ?? [])).filter((stop) => stop !== '')
  const limit = limitOf(request, quirk)
  const earlier = request.messages.filter(({ role }) => role === 'user').at(-2)
  const begin = language.read(questionOf(request), earlier ? textOf(earlier) : '')
  const seed = request.seed ?? (request.temperature === 0 ? 'greedy' : Math.random())
  return Array.from({ length: request.n ?? 1 }, (_, index) => {
    const random = createRandom(`${seed}/${index}`)
    const toolCall = callFor(request, quirk === 'tools', random)
    const desk: Desk = { language, request, quirk, begin, random }
    const finish = toolCall ? 'tool_calls' : 'stop'
    return { toolCall, pieces: piecesOf(stretchesOf(desk, toolCall), language.tokenizer, { stops, limit, finish }) }
  })
}

function limitOf(request: DemoRequest, quirk: DemoBehaviour['quirk']): Limit {
  const tokens = request.max_completion_tokens ?? request.max_tokens ?? defaultMaxTokens
  const isFiltered = quirk === 'filter' && tokens > filteredAfterTokens
  return isFiltered ? { tokens: filteredAfterTokens, reason: 'content_filter' } : { tokens, reason: 'length' }
}

function stretchesOf(desk: Desk, toolCall: ToolCall | null): Stretch[] {
  const { request, quirk, random } = desk
  const script = (part: Part, text: string): Stretch => ({ part, samples: forced(text, desk) })
  const free = (manner: Manner, part: Part = 'content'): Stretch => ({ part, samples: sampled(manner, desk) })
  const thinking = quirk === 'reasoning' ? [free('thought', 'reasoning')] : []
  if (toolCall) return [...thinking, script('arguments', toolCall.arguments)]

  const format = request.response_format ?? { type: quirk === 'json' ? 'json_object' : 'text' }
  if (format.type === 'json_schema') {
    const value = instanceOf(format.json_schema.schema ?? {}, wordsOf(questionOf(request)), random)
    return [...thinking, script('content', JSON.stringify(value))]
  }
  if (format.type === 'json_object') {
    const opening = JSON.stringify({ demo: true, question: questionOf(request).slice(0, maxQuoteChars) })
    const answer = { ...free('answer'), written: insideJsonString }
    return [...thinking, script('content', `${opening.slice(0, -1)},"answer":"`), answer, script('content', '"}')]
  }
  const last = request.messages.at(-1)
  if (last?.role === 'tool') {
    const result = textOf(last).slice(0, maxQuoteChars)
    return [...thinking, script('content', `The tool answered: ${result}\n\n`), free('tool-remark')]
  }
  return [...thinking, free(quirk === 'long' ? 'long' : 'answer')]
}

/** Samples the model. */
function* sampled(manner: Manner, { language, request, begin, random }: Desk): Generator<Sample> {
  const walk = begin(manner)
  const choose = createSampler(language.vocabulary, samplingOf(request, language.tokenizer), random)
  for (;;) {
    const sample = choose(walk.odds())
    if (sample.token === endOfText) return
    walk.take(sample.token)
    yield sample
  }
}

/** Yields the tokens of a fixed text, like a grammar that allows only one token at each place. */
function* forced(text: string, { language, request }: Desk): Generator<Sample> {
  for (const token of language.tokenizer.tokens(text)) {
    yield { token, logprob: 0, top: request.top_logprobs ? [{ token, logprob: 0 }] : [] }
  }
}

function samplingOf(request: DemoRequest, { bytesOf }: Tokenizer) {
  const bias = Object.entries(request.logit_bias ?? {}).map(([token, value]) => [Number(token), value] as const)
  const temperature = request.temperature ?? 1
  return {
    temperature: temperature < coldest ? 0 : temperature,
    topP: request.top_p ?? 1,
    presencePenalty: request.presence_penalty ?? 0,
    frequencyPenalty: request.frequency_penalty ?? 0,
    logitBias: new Map(bias.filter(([token]) => bytesOf(token) || token === endOfText)),
    topLogprobs: request.top_logprobs ?? 0,
  }
}

/** Escapes bytes for a JSON string. Only bytes below 128 are escaped, so the bytes may end within a character. */
function insideJsonString(bytes: Buffer): Buffer {
  return Buffer.from(JSON.stringify(bytes.toString('latin1')).slice(1, -1), 'latin1')
}

import type { Sample, Scored } from './sampler.ts'
import { createStopFilter, type Release } from './stop-filter.ts'
import type { Tokenizer } from './tokenizer.ts'

export type Part = 'reasoning' | 'content' | 'arguments'
export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter'

export interface TokenLogprob {
  token: string
  logprob: number
  bytes: number[]
}
export type ContentLogprob = TokenLogprob & { top_logprobs: TokenLogprob[] }

/** The text that one token releases: none, its own text, or the text of several tokens. */
export interface Piece {
  part: Part
  text: string
  logprobs: ContentLogprob[]
}

/** A part of an answer. Its tokens are sampled, or each is the only one allowed at its place. */
export interface Stretch {
  part: Part
  samples: Iterable<Sample>
  /** Changes the bytes of a token before they are sent; if it is absent, they are sent unchanged. */
  written?: (bytes: Buffer) => Buffer
}

interface Mark {
  sample: Sample
  written: (bytes: Buffer) => Buffer
}

/** The maximum number of tokens of an answer, and the finish reason if it would have more. */
export interface Limit {
  tokens: number
  reason: FinishReason
}

/** JSON has no minus infinity. OpenAI's reference uses this number for it. */
const lowestLogprob = -9_999

/** Yields one piece for each token, until a stop sequence, the limit or the end of the stretches, whichever comes first. */
export function* piecesOf(
  stretches: readonly Stretch[],
  tokenizer: Tokenizer,
  { stops, limit, finish }: { stops: readonly string[]; limit: Limit; finish: FinishReason },
): Generator<Piece, FinishReason> {
  const filters = {
    reasoning: createStopFilter<Mark>([]),
    content: createStopFilter<Mark>(stops),
    arguments: createStopFilter<Mark>([]),
  }
  const pieceOf = (part: Part, { text, marks }: Release<Mark>): Piece => {
    return { part, text, logprobs: part === 'content' ? marks.map((mark) => logprobOf(mark, tokenizer)) : [] }
  }
  const withRest = (piece: Piece): Piece => {
    const rest = pieceOf(piece.part, filters[piece.part].end())
    return { ...piece, text: piece.text + rest.text, logprobs: [...piece.logprobs, ...rest.logprobs] }
  }
  // The last piece also has the text that was held back. So each piece waits until it is known whether another one follows.
  let waiting: Piece | null = null
  let tokens = 0
  for (const { part, mark, bytes } of tokensOf(stretches, tokenizer)) {
    const isFull = tokens === limit.tokens
    if (waiting) yield isFull ? withRest(waiting) : waiting
    if (isFull) return limit.reason
    tokens++
    waiting = pieceOf(part, filters[part].push(bytes, mark))
    if (filters[part].stopped()) {
      yield waiting
      return 'stop'
    }
  }
  if (waiting) yield withRest(waiting)
  return finish
}

function* tokensOf(stretches: readonly Stretch[], { bytesOf }: Tokenizer) {
  for (const { part, samples, written = (bytes: Buffer) => bytes } of stretches) {
    for (const sample of samples) {
      const mark: Mark = { sample, written }
      yield { part, mark, bytes: written(bytesOf(sample.token) ?? Buffer.alloc(0)) }
    }
  }
}

function logprobOf({ sample, written }: Mark, tokenizer: Tokenizer): ContentLogprob {
  const wire = ({ token, logprob }: Scored): TokenLogprob => {
    const bytes = written(tokenizer.bytesOf(token) ?? Buffer.alloc(0))
    return { token: nameOf(bytes), logprob: Math.max(logprob, lowestLogprob), bytes: [...bytes] }
  }
  return { ...wire(sample), top_logprobs: sample.top.map(wire) }
}

/** A token that is not valid text is named by its bytes. */
function nameOf(bytes: Buffer): string {
  const text = bytes.toString()
  return Buffer.from(text).equals(bytes)
    ? text
    : `bytes:${[...bytes].map((byte) => `\\x${byte.toString(16)}`).join('')}`
}

import { setImmediate as nextTurn } from 'node:timers/promises'

export interface Tokenizer {
  encode(text: string): number[]
  /** Encodes a text of any length, slice by slice as it is read. */
  tokens(text: string): Generator<number>
  /** Counts a text of any length without holding up the event loop. */
  count(text: string): Promise<number>
  /** The bytes of a token, which may begin or end inside a character; undefined if no token has this id. */
  bytesOf(token: number): Buffer | undefined
}

/** The token that ends a text. In o200k_base it is `<|endoftext|>`. */
export const endOfText = 199_999

// The tokenizer's time for a long run of letters grows with the square of its length. With slices, a count is wrong by at most
// one token for each slice.
const sliceChars = 4_000

/** Loads o200k_base, the encoding of OpenAI's current models, so that their token ids work in `logit_bias`. */
export async function loadTokenizer(): Promise<Tokenizer> {
  // There are two imports, so that the event loop gets a turn between the table (75 ms) and the encoder that is built from it
  // (45 ms).
  const { default: ranks } = await import('gpt-tokenizer/bpeRanks/o200k_base')
  await nextTurn()
  const { encode } = await import('gpt-tokenizer/encoding/o200k_base')
  // Without this option, encode throws if a person writes <|endoftext|>.
  const asPlainText = { disallowedSpecial: new Set<string>() }
  return {
    encode: (text) => encode(text, asPlainText),
    *tokens(text) {
      for (const slice of slicesOf(text)) yield* encode(slice, asPlainText)
    },
    async count(text) {
      let tokens = 0
      for (const slice of slicesOf(text)) {
        tokens += encode(slice, asPlainText).length
        if (slice.length >= sliceChars) await nextTurn()
      }
      return tokens
    },
    bytesOf(token) {
      const rank = ranks[token]
      return rank === undefined ? undefined : typeof rank === 'string' ? Buffer.from(rank) : Buffer.from(rank)
    },
  }
}

/** Divides a text into slices, but never between the two halves of a character. */
function* slicesOf(text: string): Generator<string> {
  for (let from = 0, to = 0; from < text.length; from = to) {
    to = from + sliceChars
    if (text.codePointAt(to - 1) !== text.charCodeAt(to - 1)) to++
    yield text.slice(from, to)
  }
}

import { setImmediate as turn } from 'node:timers/promises'

type Count = (text: string) => number

let loading: Promise<Count> | null = null

// What merges tokens takes time with the square of a run without a break: 31 s for 200,000 letters. Slices make it
// linear, at the cost of a token too many here and there.
const sliceLength = 512
const slicesPerTurn = 100

// Some 70 MB once loaded, so that only what needs counts pays for it.
async function load(): Promise<Count> {
  const { countTokens: count } = await import('gpt-tokenizer/encoding/o200k_base')
  // What people write is text, also where it looks like a control token, which the tokenizer else throws at.
  const asText = { disallowedSpecial: new Set<string>() }
  return (text) => count(text, asText)
}

/** By the encoding of OpenAI's current models; for others' it is an estimate. Lets others run between slices. */
export async function countTokens(texts: readonly string[]): Promise<number[]> {
  loading ??= load()
  const count = await loading
  const counts: number[] = []
  let slices = 0
  for (const text of texts) {
    let tokens = 0
    for (let from = 0; from < text.length; from += sliceLength) {
      tokens += count(text.slice(from, from + sliceLength))
      slices += 1
      if (slices % slicesPerTurn === 0) await turn()
    }
    counts.push(tokens)
  }
  return counts
}

/** Within a third or so for ordinary prose, and free. */
export function roughTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 4)
}

type Count = (text: string) => number

let loading: Promise<Count> | null = null

// Some 70 MB once loaded, so that only what needs exact counts pays for it.
async function load(): Promise<Count> {
  const { countTokens } = await import('gpt-tokenizer/encoding/o200k_base')
  return (text) => countTokens(text)
}

/** By the encoding of OpenAI's current models; for others' it is an estimate. */
export async function countTokens(texts: readonly string[]): Promise<number[]> {
  loading ??= load()
  const count = await loading
  return texts.map(count)
}

/** Within a third or so for ordinary prose, and free. */
export function roughTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 4)
}
